"""Manners: what is asked of a site before an image is, and whom nothing is asked for at all."""

from dataclasses import dataclass, field

from builder.takedown import TakeDownList


@dataclass(frozen=True, slots=True)
class Manners:
    """How kind fetching is to the sites it visits. The take-down list is consulted whatever the others say."""

    robots: bool = True  # robots.txt of every host that an image comes from, redirects included
    opt_outs: bool = True  # X-Robots-Tag and TDM reservations, see `builder.optouts`
    take_down: TakeDownList = field(default_factory=TakeDownList)
    processes: int = 1  # that visit the same hosts side by side: each waits so many times as long between requests
