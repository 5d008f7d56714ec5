"""The rules of a site: its robots.txt and its TDM reservations, read once before anything else is asked for there."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from yarl import URL

from builder import optouts, robots
from builder.download import Answer, DownloadError
from builder.manners import Manners
from builder.optouts import Reservations
from builder.robots import Robots
from builder.rows import FetchReason

Ask = Callable[[URL, int], Awaitable[Answer]]
"""Gets a file: its URL, and how many bytes of it are read. Follows redirects, tries once more what is transient, and
raises `DownloadError`, or `TimeoutError` when its time is over."""

GOOD_SECONDS = 24 * 3600.0
"""How long the rules of a site are kept (RFC 9309, 2.4: no longer than 24 hours)."""

UNREACHABLE_SECONDS = 900.0
"""How long a site is let alone whose robots.txt could not be read."""

_NETWORK: frozenset[FetchReason] = frozenset({"dns", "connection", "timeout", "address_refused"})
_LIGHT_BYTES = 20_000
_TOO_MANY_REQUESTS = 429


@dataclass(frozen=True, slots=True)
class Rules:
    """What a site asks for."""

    refusal: tuple[FetchReason, str] | None = None  # of everything: reason and detail
    robots: Robots | None = None
    reservations: Reservations | None = None
    file_bytes: int = 0  # that these were read from

    @property
    def heavy(self) -> bool:
        """Whether looking through them takes long enough to hold up everybody else."""
        return self.file_bytes > _LIGHT_BYTES

    @property
    def seconds(self) -> float:
        """How long they are good for."""
        return UNREACHABLE_SECONDS if self.refusal else GOOD_SECONDS

    def objection(self, url: URL) -> tuple[FetchReason, str] | None:
        """Why `url`, which is of this site, must not be asked for: reason and detail; None if it may be."""
        if self.refusal is not None:
            return self.refusal
        if self.robots is not None and not self.robots.allows(str(url)):
            return "robots", f"robots.txt of {url.raw_authority} disallows it"
        if self.reservations is not None and (pattern := self.reservations.covers(url.raw_path_qs)) is not None:
            return "opted_out", f"tdmrep.json of {url.raw_authority} reserves {pattern}"
        return None


async def learn_rules(ask: Ask, origin: URL, manners: Manners) -> Rules:
    """Ask a site for its rules, as far as `manners` care for them.

    robots.txt by RFC 9309, 2.3.1: what answers 4xx, or only redirects, allows everything; what answers 5xx or breaks
    off disallows everything. So does a host that cannot be reached, whose images then have the network's own reason,
    and one that answers 429: it wants fewer requests, and has not said that there is no such file.
    A `tdmrep.json` that cannot be had reserves nothing (TDMRep, "TDM File on the Origin Server").
    """
    rules = await _robots(ask, origin) if manners.robots else Rules()
    if rules.refusal is not None or not manners.opt_outs:
        return rules
    reservations, size = await _reservations(ask, origin)
    return Rules(None, rules.robots, reservations, rules.file_bytes + size)


async def _robots(ask: Ask, origin: URL) -> Rules:
    try:
        data = (await ask(origin.with_path("/robots.txt"), robots.MAX_BYTES + 1)).body
    except TimeoutError:
        return Rules(("timeout", "robots.txt was not complete in time: nothing else is asked for"))
    except DownloadError as error:
        status = error.answer.http_status if error.answer else None
        if error.reason in {"http_4xx", "empty", "too_many_redirects"} and status != _TOO_MANY_REQUESTS:
            return Rules()
        reason = error.reason if status is None and error.reason in _NETWORK else "robots"
        return Rules((reason, f"robots.txt could not be read, so nothing else is asked for: {error}"))
    parsed = await asyncio.to_thread(Robots.parse, data) if len(data) > _LIGHT_BYTES else Robots.parse(data)
    return Rules(robots=parsed, file_bytes=len(data))


async def _reservations(ask: Ask, origin: URL) -> tuple[Reservations | None, int]:
    try:
        data = (await ask(origin.with_path(optouts.RESERVATIONS_PATH), optouts.MAX_RESERVATIONS_BYTES)).body
    except (DownloadError, TimeoutError):
        return None, 0
    found = Reservations.parse(data)
    return (found, len(data)) if found.rules else (None, 0)
