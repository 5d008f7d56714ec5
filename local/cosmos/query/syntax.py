"""The tree of a query. Everything is frozen and comparable, so that GROUP BY can find its keys in the select list."""

from collections.abc import Iterator
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant; `kind` keeps True and 1 apart when trees are compared."""

    value: str | int | float | bool | None
    kind: str


@dataclass(frozen=True, slots=True)
class Missing:
    """The word `undefined`."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """`@name`, with the `@`."""

    name: str


@dataclass(frozen=True, slots=True)
class Identifier:
    """An alias of FROM or JOIN."""

    name: str


@dataclass(frozen=True, slots=True)
class Index:
    """`base.name`, `base["name"]` or `base[0]`."""

    base: "Expression"
    place: "Expression"


@dataclass(frozen=True, slots=True)
class Unary:
    """`NOT`, `+` or `-`."""

    operator: str
    operand: "Expression"


@dataclass(frozen=True, slots=True)
class Binary:
    """Two operands with AND, OR, ??, ||, a comparison or arithmetic between them."""

    operator: str
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, slots=True)
class Conditional:
    """`condition ? yes : no`."""

    condition: "Expression"
    yes: "Expression"
    no: "Expression"


@dataclass(frozen=True, slots=True)
class Membership:
    """`operand IN (items)`."""

    operand: "Expression"
    items: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Like:
    """`operand LIKE pattern ESCAPE escape`."""

    operand: "Expression"
    pattern: "Expression"
    escape: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function of the language; its name is in capitals."""

    name: str
    arguments: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class ArrayOf:
    """`[a, b]`."""

    items: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class ObjectOf:
    """`{"a": b}`."""

    names: tuple[str, ...]
    items: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Subquery:
    """A query in an expression; `form` is EXISTS, ARRAY, or SCALAR (its first row)."""

    form: str
    query: "Query"


type Expression = (
    Literal
    | Missing
    | Parameter
    | Identifier
    | Index
    | Unary
    | Binary
    | Conditional
    | Membership
    | Like
    | Call
    | ArrayOf
    | ObjectOf
    | Subquery
)


@dataclass(frozen=True, slots=True)
class Source:
    """One part of FROM: `alias` stands for `of` (each row of it, when it is a query), or for each item of that."""

    alias: str
    of: "Expression | Query"
    iterate: bool


@dataclass(frozen=True, slots=True)
class Item:
    """One member of a select list; `name` is its alias, the last name of its path, or $1, $2, ..."""

    name: str
    expression: Expression


@dataclass(frozen=True, slots=True)
class Ordering:
    """One key of ORDER BY."""

    expression: Expression
    descending: bool


@dataclass(frozen=True, slots=True)
class Query:
    """A SELECT. `value` is set for SELECT VALUE, `items` for a list, neither for `*`."""

    distinct: bool
    top: Expression | None
    value: Expression | None
    items: tuple[Item, ...]
    sources: tuple[Source, ...]
    where: Expression | None
    group: tuple[Expression, ...]
    order: tuple[Ordering, ...]
    offset: Expression | None
    limit: Expression | None

    @property
    def selected(self) -> tuple[Expression, ...]:
        """The expressions of the select clause."""
        return tuple(item.expression for item in self.items) if self.value is None else (self.value,)


def children(expression: Expression) -> Iterator[Expression]:
    """The expressions right under this one; a subquery is closed."""
    if isinstance(expression, Subquery):
        return
    for field in fields(expression):
        value = getattr(expression, field.name)
        for child in value if isinstance(value, tuple) else (value,):
            if not isinstance(child, (str, int, float, bool, type(None))):
                yield child


def path(expression: Expression) -> tuple[str, tuple[str | int, ...]] | None:
    """Alias and names of a property path such as `c.a["b"][0]`, None for anything else."""
    names: list[str | int] = []
    while isinstance(expression, Index):
        place = expression.place
        if not isinstance(place, Literal) or isinstance(place.value, bool) or not isinstance(place.value, (str, int)):
            return None
        names.append(place.value)
        expression = expression.base
    return (expression.name, tuple(reversed(names))) if isinstance(expression, Identifier) else None
