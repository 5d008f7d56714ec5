"""The documents that a query loads, which is what it is charged for (`local.cosmos.charges`)."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from local.cosmos import charges
from local.cosmos.indexing import ITEMS, Indexed
from local.cosmos.query.compile import Row
from local.cosmos.query.paging import Scan
from local.cosmos.query.plan import Plan
from local.cosmos.query.syntax import Expression, Index, Query, Subquery, children, path


@dataclass(slots=True)
class Loaded:
    """What one page of a query costs, added up while it is made. `every`: also documents that the conditions refuse."""

    every: bool
    charge: float = charges.QUERY_PAGE
    _size: int = field(default=0, init=False)

    def scanned(self, scan: Scan) -> Scan:
        """`scan`, looked at."""

        def looked_at(after: int) -> Iterator[tuple[int, str]]:
            for seq, text in scan(after):
                self._size = len(text)
                if self.every:
                    self.charge += charges.read(self._size)
                yield seq, text

        return looked_at

    def planned(self, plan: Plan) -> Plan:
        """`plan`, looked at: it is given one document after the other, as they are scanned."""
        if self.every:
            return plan

        def bind(row: Row) -> Iterator[Row]:
            for place, found in enumerate(plan.bind(row)):
                if place == 0:
                    self.charge += charges.read(self._size)
                yield found

        return replace(plan, bind=bind)


def served_by_index(query: Query, indexed: Indexed) -> bool:
    """Whether the query has conditions and the index alone tells which documents meet them."""
    root = query.sources[0].alias if query.sources else ""
    return query.where is not None and all(
        names is not None and names[0] == root and names[1] and indexed.has(tuple(map(_name, names[1])))
        for names in _paths(query.where)
    )


def _name(place: str | int) -> str:
    return place if isinstance(place, str) else ITEMS


def _paths(expression: Expression) -> Iterator[tuple[str, tuple[str | int, ...]] | None]:
    """Every path that the expression names; None for what is none, or is closed."""
    if isinstance(expression, (Index, Subquery)):
        yield path(expression)
        return
    for child in children(expression):
        yield from _paths(child)
