"""What every source of candidates offers: pages of candidates for a query."""

from dataclasses import dataclass
from typing import Protocol

from builder.errors import SourceError
from builder.rows import Candidate
from builder.text import one_line

MAX_TITLE_CHARACTERS = 500
MAX_DIGITS = 9
OK, ACCEPTED, NOT_FOUND, TOO_MANY, SERVER_ERROR = 200, 202, 404, 429, 500


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a search."""

    candidates: tuple[Candidate, ...]
    more: bool  # whether asking for the next page can make sense


class Engine(Protocol):
    """A source of candidates."""

    @property
    def name(self) -> str:
        """The source's name, as in `DatasetSpec.sources`."""

    @property
    def takes_queries(self) -> bool:
        """False: the source gives the same whatever the query, and is asked once per page and label."""

    def search(self, query: str, label: str, page: int) -> Page:
        """Return page `page` (from 1) of what the source has for `query`; `label` is noted on the candidates.

        Raises `SourceError` when the source cannot answer. An empty page without `more` is an honest "no more".
        """


def short(text: object) -> str | None:
    """A title fit for a row: one line, bounded, None when there is nothing."""
    return one_line(text, MAX_TITLE_CHARACTERS) or None if isinstance(text, str) else None


def pixels(value: object) -> int | None:
    """A positive number of pixels, told as a number or in digits; None for anything else."""
    text = str(value).strip() if isinstance(value, int | str) else ""
    return int(text) or None if text.isascii() and text.isdecimal() and len(text) <= MAX_DIGITS else None


def raise_for_status(source: str, status: int) -> None:
    """Raise the `SourceError` that an HTTP status other than 200 stands for."""
    if status == OK:
        return
    if status in {ACCEPTED, TOO_MANY}:  # duckduckgo answers 202 with a challenge instead of results
        message = f"{source} limits our requests (HTTP {status}): wait some minutes or ask for fewer images"
        raise SourceError(source, "rate_limited", message)
    if status >= SERVER_ERROR:
        raise SourceError(source, "unreachable", f"{source} is in trouble (HTTP {status}): try again later")
    if status < 400:  # noqa: PLR2004
        raise SourceError(source, "changed", f"{source} answered in a way that this version does not know ({status})")
    message = f"{source} refused to answer (HTTP {status}): it may block this network, or too many requests"
    raise SourceError(source, "refused", message)
