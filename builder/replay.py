"""Rows that are gone through several times: kept while they are few, read again each time when they are many."""

from collections.abc import Iterator
from itertools import chain, islice

from builder.exports.base import Rows
from builder.rows import ImageRow

KEPT = 10_000
"""Rows, some thirty megabytes: reading them costs as much as all that is done with them."""


def replayed(read: Rows, keep: int = KEPT) -> Rows:
    """Give what `read` gives; call it once, if that brings at most `keep` rows."""
    kept: list[ImageRow] | None = None

    def rows() -> Iterator[ImageRow]:
        nonlocal kept
        if kept is not None:
            return iter(kept)
        source = read()
        first = list(islice(source, keep + 1))
        if len(first) <= keep:
            kept = first
        return chain(first, source)

    return rows
