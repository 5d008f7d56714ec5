"""One page of a query's rows, and the opaque token that says where the next page begins.

A token is a position, not a snapshot, and nothing is kept between requests. Without ORDER BY it is the last document
and the row within it (JOIN makes several), with ORDER BY the last sort keys as well, so that documents that come and go
between two pages neither repeat nor hide others. DISTINCT and GROUP BY have rows that belong to no single document:
there it is how many rows were given out.
"""

import base64
import functools
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from pydantic import BaseModel, ConfigDict, ValidationError

from local.cosmos.errors import BadRequestError
from local.cosmos.query.compile import Row
from local.cosmos.query.plan import ROOT, Plan, SortKey
from local.cosmos.values import UNDEFINED, dumps, loads

# Documents from after a sequence number: (sequence number, JSON), in ascending order.
type Scan = Callable[[int], Iterator[tuple[int, str]]]
_MAX_PAGE_BYTES = 4 * 1024 * 1024


class Position(BaseModel):
    """The last row given out: its document, its place among that document's rows, its sort keys; how many before."""

    model_config = ConfigDict(frozen=True)
    query: int
    taken: int = 0
    seq: int = 0
    ordinal: int = 0
    keys: tuple[SortKey, ...] = ()

    def token(self) -> str:
        """As a header carries it."""
        return base64.urlsafe_b64encode(self.model_dump_json().encode()).decode()


@dataclass(frozen=True, slots=True)
class Page:
    """JSON texts of rows, and the token for the rest if there is any."""

    rows: list[str]
    continuation: str | None


@dataclass(frozen=True, slots=True)
class _Found:
    row: str
    seq: int = 0
    ordinal: int = 0
    keys: tuple[SortKey, ...] = ()


def fingerprint(*parts: str) -> int:
    """A number that tells one query with its parameters from another."""
    return zlib.crc32("\0".join(parts).encode("utf-8", "surrogatepass"))


def start(token: str | None, query: int) -> Position:
    """Where to go on; BadRequestError for a token that is none, or is another query's."""
    if token is None:
        return Position(query=query)
    try:
        position = Position.model_validate_json(base64.urlsafe_b64decode(token))
    except (ValueError, ValidationError):
        raise BadRequestError("The continuation token is not one of this service's") from None
    if position.query != query:
        raise BadRequestError("The continuation token belongs to another query, or to other parameters")
    return position


def page(plan: Plan, scan: Scan, position: Position, size: int) -> Page:
    """At most `size` rows, or 4 MB of them, from after `position`."""
    if plan.grouped or plan.distinct:
        found = _counted(plan, scan, position)
    elif plan.order:
        found = _sorted(plan, scan, position)
    else:
        found = _streamed(plan, scan, position)
    rows: list[str] = []
    last, length = None, 0
    for item in found:
        if last is not None and (len(rows) >= size or length + len(item.row) > _MAX_PAGE_BYTES):
            at = Position(
                query=position.query,
                taken=position.taken + len(rows),
                seq=last.seq,
                ordinal=last.ordinal,
                keys=last.keys,
            )
            return Page(rows, at.token())
        rows.append(item.row)
        last, length = item, length + len(item.row)
    return Page(rows, None)


def _counted(plan: Plan, scan: Scan, position: Position) -> Iterator[_Found]:
    rows = (row for _, text in scan(0) for row in plan.bind(_document(text)))
    for value in islice(plan.results(rows), position.taken, None):
        yield _Found(dumps(value))


def _streamed(plan: Plan, scan: Scan, position: Position) -> Iterator[_Found]:
    return _cut(plan, position, _rows(plan, scan, position))


def _rows(plan: Plan, scan: Scan, position: Position) -> Iterator[_Found]:
    for seq, text in scan(position.seq - 1):
        if plan.whole and not plan.filtered:
            if seq > position.seq:
                yield _Found(text, seq)
            continue
        for ordinal, row in enumerate(plan.bind(_document(text))):
            if (seq, ordinal) > (position.seq, position.ordinal) or not position.taken:
                value = plan.project(row)
                if value is not UNDEFINED:
                    yield _Found(text if plan.whole else dumps(value), seq, ordinal)


def _sorted(plan: Plan, scan: Scan, position: Position) -> Iterator[_Found]:
    @dataclass(frozen=True, slots=True)
    class Candidate:
        keys: tuple[SortKey, ...]
        seq: int
        ordinal: int
        row: Row

    candidates = [
        Candidate(plan.sort_keys(row), seq, ordinal, row)
        for seq, text in scan(0)
        for ordinal, row in enumerate(plan.bind(_document(text)))
    ]
    plan.sort(candidates, lambda candidate: candidate.keys)
    if position.taken:
        after = functools.partial(_after, plan.descending, position)
        candidates = [one for one in candidates if after(one.keys, one.seq, one.ordinal)]
    found = (
        _Found(dumps(value), one.seq, one.ordinal, one.keys)
        for one in candidates
        if (value := plan.project(one.row)) is not UNDEFINED
    )
    return _cut(plan, position, found)


def _after(descending: tuple[bool, ...], position: Position, keys: tuple[SortKey, ...], seq: int, ordinal: int) -> bool:
    for down, key, last in zip(descending, keys, position.keys, strict=True):
        if key != last:
            return (key < last) if down else (key > last)
    return (seq, ordinal) > (position.seq, position.ordinal)


def _cut(plan: Plan, position: Position, found: Iterator[_Found]) -> Iterator[_Found]:
    """OFFSET and LIMIT (or TOP) of the whole query, as far as earlier pages have not used them up."""
    skip = 0 if position.taken else plan.offset
    stop = None if plan.limit is None else skip + max(plan.limit - position.taken, 0)
    return islice(found, skip, stop)


def _document(text: str) -> Row:
    return Row({ROOT: loads(text)})
