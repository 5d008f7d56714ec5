"""From a query's tree to a plan: where rows come from, which stay, what they become, in which order."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice

from local.cosmos.errors import BadRequestError, NotSupportedError
from local.cosmos.query.aggregates import AGGREGATES
from local.cosmos.query.compile import Evaluate, Row, Scope, evaluator
from local.cosmos.query.syntax import (
    Call,
    Expression,
    Identifier,
    Index,
    ObjectOf,
    Query,
    Source,
    Subquery,
    children,
    path,
)
from local.cosmos.values import UNDEFINED, Json, Value, canonical, is_number, sort_key

# The name of the document itself, which FROM then gives an alias; no alias can be spelled like this.
ROOT = ""
type SortKey = tuple[int, float | str]


@dataclass(frozen=True, slots=True)
class Plan:
    """A query ready to run. `whole` says that its rows are the documents themselves, unchanged."""

    bind: Callable[[Row], Iterator[Row]]
    project: Evaluate
    grouped: bool
    keys: tuple[Evaluate, ...]
    order: tuple[Evaluate, ...]
    descending: tuple[bool, ...]
    distinct: bool
    offset: int
    limit: int | None
    whole: bool
    filtered: bool

    def sort_keys(self, row: Row) -> tuple[SortKey, ...]:
        """The row's values under ORDER BY."""
        return tuple(sort_key(key(row)) for key in self.order)

    def sort[T](self, rows: list[T], keys: Callable[[T], tuple[SortKey, ...]]) -> None:
        """Sort in place, each key in its own direction; rows that are equal in all stay in their order."""
        for place in reversed(range(len(self.order))):
            rows.sort(key=lambda row, place=place: keys(row)[place], reverse=self.descending[place])  # type: ignore[misc]

    def results(self, rows: Iterable[Row]) -> Iterator[Json]:
        """What all rows together become: grouped, sorted, projected, made distinct, cut."""
        if self.grouped:
            rows = self._groups(rows)
        elif self.order:
            keyed = [(self.sort_keys(row), row) for row in rows]
            self.sort(keyed, lambda pair: pair[0])
            rows = [row for _, row in keyed]
        values: Iterator[Json] = (value for row in rows if (value := self.project(row)) is not UNDEFINED)
        if self.distinct:
            values = _distinct(values)
        return islice(values, self.offset, None if self.limit is None else self.offset + self.limit)

    def _groups(self, rows: Iterable[Row]) -> list[Row]:
        if not self.keys:
            return [Row({}, list(rows))]
        groups: dict[tuple[str, ...], list[Row]] = {}
        for row in rows:
            groups.setdefault(tuple(canonical(key(row)) for key in self.keys), []).append(row)
        return [Row(group[0].names, group) for group in groups.values()]


def _distinct(values: Iterable[Json]) -> Iterator[Json]:
    seen: set[str] = set()
    for value in values:
        text = canonical(value)
        if text not in seen:
            seen.add(text)
            yield value


def plan(query: Query, parameters: Mapping[str, Value]) -> Plan:
    """The plan of a whole query over documents that a row holds under ROOT; BadRequestError when it has no meaning."""
    first = query.sources[0].alias if query.sources else ""
    for key in query.order:
        place = path(key.expression)
        if place is None or place[0] != first or not place[1]:
            msg = "Unsupported ORDER BY clause. ORDER BY item expression could not be mapped to a document path."
            raise BadRequestError(msg)
    return _plan(_rooted_query(query), Scope(parameters, _subquery, frozenset({ROOT})))


def _rooted_query(query: Query) -> Query:
    """The query with its first source taken from the document, also when that is a query itself."""
    if not query.sources:
        return query
    source, *others = query.sources
    if not isinstance(source.of, Query):
        return replace(query, sources=(replace(source, of=_rooted(source.of)), *others))
    inner = source.of
    if inner.distinct or inner.group or inner.order or inner.top or inner.limit or _aggregates(inner):
        raise NotSupportedError("FROM (subquery) that sorts, groups, cuts or makes distinct over several documents")
    return replace(query, sources=(replace(source, of=_rooted_query(inner)), *others))


def _rooted(expression: Expression) -> Expression:
    """The path with the container's name, whatever it is, replaced by ROOT."""
    if isinstance(expression, Index):
        return Index(_rooted(expression.base), expression.place)
    return Identifier(ROOT)


def _subquery(query: Query, scope: Scope) -> Callable[[Row], list[Value]]:
    inner = _plan(query, scope)
    return lambda row: list(inner.results(inner.bind(row)))


def _plan(query: Query, scope: Scope) -> Plan:
    bindings: list[Callable[[Row], Iterator[Row]]] = []
    for source in query.sources:
        if source.alias and source.alias in scope.aliases - {ROOT} and not _rebinds(source):
            raise BadRequestError(f"The input alias '{source.alias}' is specified more than once in the FROM clause.")
        bindings.append(_binding(source, scope))
        scope = replace(scope, aliases=scope.aliases | {source.alias})
    where = evaluator(query.where, scope) if query.where is not None else None
    grouped = bool(query.group) or _aggregates(query)
    if grouped:
        _check_grouping(query)
    limit = query.top if query.limit is None else query.limit
    return Plan(
        bind=lambda row: _bind(row, bindings, where),
        project=_projection(query, replace(scope, grouped=grouped)),
        grouped=grouped,
        keys=tuple(evaluator(key, scope) for key in query.group),
        order=tuple(evaluator(key.expression, scope) for key in query.order),
        descending=tuple(key.descending for key in query.order),
        distinct=query.distinct,
        offset=_whole_number(query.offset, scope) if query.offset is not None else 0,
        limit=_whole_number(limit, scope) if limit is not None else None,
        whole=not query.selected and len(query.sources) == 1 and query.sources[0].of == Identifier(ROOT),
        filtered=where is not None,
    )


def _rebinds(source: Source) -> bool:
    """`FROM c` inside a subquery means the c outside."""
    return source.of == Identifier(source.alias)


def _binding(source: Source, scope: Scope) -> Callable[[Row], Iterator[Row]]:
    alias = source.alias
    if isinstance(source.of, Query):
        run = _subquery(source.of, scope)

        def derived(row: Row) -> Iterator[Row]:
            for value in run(row):
                for item in _items(value) if source.iterate else (value,):
                    yield Row({**row.names, alias: item})

        return derived
    of = evaluator(source.of, scope)

    def bound(row: Row) -> Iterator[Row]:
        value = of(row)
        for item in _items(value) if source.iterate else (value,):
            if item is not UNDEFINED:
                yield Row({**row.names, alias: item})

    return bound


def _items(value: Value) -> Iterable[Value]:
    return value if isinstance(value, list) else ()


def _bind(row: Row, bindings: list[Callable[[Row], Iterator[Row]]], where: Evaluate | None) -> Iterator[Row]:
    if not bindings:
        if where is None or where(row) is True:
            yield row
        return
    for bound in bindings[0](row):
        yield from _bind(bound, bindings[1:], where)


def _projection(query: Query, scope: Scope) -> Evaluate:
    if query.value is not None:
        return evaluator(query.value, scope)
    if query.items:
        names = tuple(item.name for item in query.items)
        return evaluator(ObjectOf(names, query.selected), scope)
    if len(query.sources) != 1:
        raise BadRequestError("'SELECT *' is only valid with a single input set.")
    return evaluator(Identifier(query.sources[0].alias), scope)


def _aggregates(query: Query) -> bool:
    return any(map(_has_aggregate, query.selected))


def _has_aggregate(expression: Expression) -> bool:
    if isinstance(expression, Call) and expression.name in AGGREGATES:
        return True
    return any(map(_has_aggregate, children(expression)))


def _check_grouping(query: Query) -> None:
    if query.order:
        raise BadRequestError("'ORDER BY' is not supported in presence of GROUP BY or an aggregate.")
    if query.group and not query.selected:
        raise BadRequestError("'SELECT *' is not allowed with GROUP BY.")
    for expression in query.selected:
        _check_grouped(expression, query.group)


def _check_grouped(expression: Expression, keys: tuple[Expression, ...]) -> None:
    if expression in keys or (isinstance(expression, Call) and expression.name in AGGREGATES):
        return
    if isinstance(expression, (Identifier, Subquery)):
        msg = (
            f"Property reference '{expression.name if isinstance(expression, Identifier) else 'subquery'}' is invalid "
            "in the select list because it is not contained in either an aggregate function or the GROUP BY clause."
        )
        raise BadRequestError(msg)
    for child in children(expression):
        _check_grouped(child, keys)


def _whole_number(expression: Expression, scope: Scope) -> int:
    value = evaluator(expression, scope)(Row({}))
    if not is_number(value) or value < 0 or value != int(value):
        raise BadRequestError("TOP, OFFSET and LIMIT take whole numbers that are not negative")
    return int(value)
