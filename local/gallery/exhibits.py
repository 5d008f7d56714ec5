"""What an address of the gallery is: where it hangs, how it behaves, and whether a search finds it."""

from hashlib import sha256
from typing import Literal

from pydantic import BaseModel, ConfigDict

SITES = ("archive", "journal", "mirror", "attic")
"""archive: orderly, all JPEG, answers searches; journal: a photo blog in every format, with moved addresses; mirror:
copies of the others, guarded and busy; attic: what is left of an old site."""

Behaviour = Literal[
    "serve",  # 200 and the file
    "moved_permanently",  # 301 to the file
    "found",  # 302 to the file
    "redirect_loop",
    "redirect_inside",  # 302 to the metadata address of cloud machines
    "cut_off",  # the connection ends before the announced length
    "not_found",
    "forbidden",
    "gone",
    "too_many_requests",  # 429 with Retry-After
    "server_error",
    "drip",  # a byte now and then, without end
    "drop",  # the connection ends before any answer
    "empty",  # 200 without a byte
]
Kind = Literal["picture", "copy", "fault"]
"""picture: the one that counts; copy: the same picture again, or a lesser version; fault: no usable picture at all."""

ROBOTS_DISALLOWED = "/members/"
"""On the mirror; only copies hang there, so that obeying robots.txt costs no picture."""


class Exhibit(BaseModel):
    """One address: `target` is a path and query on `SITES[site]`, `file` a name in the gallery's cache."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    topic: str
    number: int
    photograph: str
    site: int
    target: str
    kind: Kind
    behaviour: Behaviour = "serve"
    content_type: str = "image/jpeg"
    file: str | None = None
    width: int | None = None
    height: int | None = None
    listed: bool = True  # whether a search finds it

    @property
    def path(self) -> str:
        """The address without its query."""
        return self.target.partition("?")[0]

    @property
    def page(self) -> str:
        """Path of the page, on the same site, that shows the picture and says whose it is."""
        return f"/pages/{self.topic}/{self.number}"


def order(exhibit: Exhibit) -> str:
    """Sort key of search results: mixed, and the same on every machine and port."""
    return sha256(f"{exhibit.site}{exhibit.target}".encode()).hexdigest()
