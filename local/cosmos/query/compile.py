"""From an expression's tree to a closure over a row of bindings; three-valued logic with `undefined` as the third.

https://learn.microsoft.com/azure/cosmos-db/nosql/query/equality-comparison-operators, .../logical-operators
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from local.cosmos.errors import BadRequestError, NotSupportedError
from local.cosmos.query import texts as _texts  # noqa: F401  registers the functions of strings
from local.cosmos.query.aggregates import AGGREGATES, aggregate
from local.cosmos.query.functions import ELSEWHERE, FUNCTIONS
from local.cosmos.query.operators import EAGER, like_pattern
from local.cosmos.query.syntax import (
    ArrayOf,
    Binary,
    Call,
    Conditional,
    Expression,
    Identifier,
    Index,
    Like,
    Literal,
    Membership,
    Missing,
    ObjectOf,
    Parameter,
    Query,
    Subquery,
    Unary,
)
from local.cosmos.values import UNDEFINED, Value, is_number, same


@dataclass(frozen=True, slots=True)
class Row:
    """What the aliases stand for; in a grouped query also the rows of the group."""

    names: Mapping[str, Value]
    group: Sequence["Row"] = ()


type Evaluate = Callable[[Row], Value]


@dataclass(frozen=True, slots=True)
class Scope:
    """What an expression may refer to, and how a query inside it is run."""

    parameters: Mapping[str, Value]
    subquery: Callable[[Query, "Scope"], Callable[[Row], list[Value]]]
    aliases: frozenset[str] = frozenset()
    grouped: bool = False


@functools.singledispatch
def evaluator(expression: Expression, scope: Scope) -> Evaluate:
    """A function from a row to the value of `expression`; BadRequestError for what `scope` does not know."""
    raise AssertionError(type(expression))  # every node has its own registration below


def _constant(value: Value) -> Evaluate:
    return lambda _: value


@evaluator.register
def _(expression: Literal, scope: Scope) -> Evaluate:
    del scope
    return _constant(expression.value)


@evaluator.register
def _(expression: Missing, scope: Scope) -> Evaluate:
    del expression, scope
    return _constant(UNDEFINED)


@evaluator.register
def _(expression: Parameter, scope: Scope) -> Evaluate:
    if expression.name not in scope.parameters:
        raise BadRequestError(f"The query's parameter {expression.name} has no value")
    return _constant(scope.parameters[expression.name])


@evaluator.register
def _(expression: Identifier, scope: Scope) -> Evaluate:
    name = expression.name
    if name not in scope.aliases:
        raise BadRequestError(f"Identifier '{name}' could not be resolved.")
    return lambda row: row.names.get(name, UNDEFINED)


@evaluator.register
def _(expression: Index, scope: Scope) -> Evaluate:
    base = evaluator(expression.base, scope)
    if isinstance(expression.place, Literal) and isinstance(expression.place.value, str):
        name = expression.place.value

        def member(row: Row) -> Value:
            value = base(row)
            return value.get(name, UNDEFINED) if isinstance(value, dict) else UNDEFINED

        return member
    place = evaluator(expression.place, scope)
    return lambda row: _at(base(row), place(row))


def _at(value: Value, place: Value) -> Value:
    if isinstance(value, dict) and isinstance(place, str):
        return value.get(place, UNDEFINED)
    if isinstance(value, list) and is_number(place) and 0 <= place < len(value) and place == int(place):
        return value[int(place)]
    return UNDEFINED


@evaluator.register
def _(expression: Unary, scope: Scope) -> Evaluate:
    operand = evaluator(expression.operand, scope)
    if expression.operator == "NOT":

        def negate(row: Row) -> Value:
            value = operand(row)
            return not value if isinstance(value, bool) else UNDEFINED

        return negate
    sign = 1 if expression.operator == "+" else -1

    def signed(row: Row) -> Value:
        value = operand(row)
        return sign * value if is_number(value) else UNDEFINED

    return signed


def _and(left: Evaluate, right: Evaluate) -> Evaluate:
    def both(row: Row) -> Value:
        first = left(row)
        if first is False:
            return False
        second = right(row)
        if second is False:
            return False
        return True if first is True and second is True else UNDEFINED

    return both


def _or(left: Evaluate, right: Evaluate) -> Evaluate:
    def either(row: Row) -> Value:
        first = left(row)
        if first is True:
            return True
        second = right(row)
        if second is True:
            return True
        return False if first is False and second is False else UNDEFINED

    return either


def _coalesce(left: Evaluate, right: Evaluate) -> Evaluate:
    def coalesce(row: Row) -> Value:
        value = left(row)
        return right(row) if value is UNDEFINED else value

    return coalesce


_LAZY = {"AND": _and, "OR": _or, "??": _coalesce}


@evaluator.register
def _(expression: Binary, scope: Scope) -> Evaluate:
    left, right = evaluator(expression.left, scope), evaluator(expression.right, scope)
    if expression.operator in _LAZY:
        return _LAZY[expression.operator](left, right)
    apply = EAGER[expression.operator]
    return lambda row: apply(left(row), right(row))


@evaluator.register
def _(expression: Conditional, scope: Scope) -> Evaluate:
    condition, yes, no = (evaluator(part, scope) for part in (expression.condition, expression.yes, expression.no))
    return lambda row: yes(row) if condition(row) is True else no(row)


@evaluator.register
def _(expression: Membership, scope: Scope) -> Evaluate:
    operand = evaluator(expression.operand, scope)
    items = [evaluator(item, scope) for item in expression.items]

    def member(row: Row) -> Value:
        value = operand(row)
        if value is UNDEFINED:
            return UNDEFINED
        return any(same(value, item(row)) for item in items)

    return member


@evaluator.register
def _(expression: Like, scope: Scope) -> Evaluate:
    operand, pattern = evaluator(expression.operand, scope), evaluator(expression.pattern, scope)

    def like(row: Row) -> Value:
        value, wanted = operand(row), pattern(row)
        if not isinstance(value, str) or not isinstance(wanted, str):
            return UNDEFINED
        return like_pattern(wanted, expression.escape).fullmatch(value) is not None

    return like


@evaluator.register
def _(expression: Call, scope: Scope) -> Evaluate:
    name = expression.name
    if name in AGGREGATES:
        return _aggregate(expression, scope)
    if name in ELSEWHERE:
        raise NotSupportedError(f"the function {name}")
    if name not in FUNCTIONS:
        raise BadRequestError(f"'{name}' is not a recognized built-in function name.")
    signature = FUNCTIONS[name]
    if not signature.least <= len(expression.arguments) <= signature.most:
        raise BadRequestError(f"The function {name} takes {signature.least} to {signature.most} arguments.")
    arguments = [evaluator(argument, scope) for argument in expression.arguments]
    if len(arguments) == 1:
        only = arguments[0]
        return lambda row: signature.call(only(row))
    return lambda row: signature.call(*[argument(row) for argument in arguments])


def _aggregate(expression: Call, scope: Scope) -> Evaluate:
    if not scope.grouped:
        raise BadRequestError(f"The aggregate {expression.name} is only allowed in the SELECT clause, and not nested.")
    if len(expression.arguments) != 1:
        raise BadRequestError(f"The function {expression.name} takes 1 argument.")
    argument = evaluator(expression.arguments[0], replace(scope, grouped=False))
    return lambda row: aggregate(expression.name, [argument(member) for member in row.group])


@evaluator.register
def _(expression: ArrayOf, scope: Scope) -> Evaluate:
    items = [evaluator(item, scope) for item in expression.items]
    return lambda row: [value for item in items if (value := item(row)) is not UNDEFINED]


@evaluator.register
def _(expression: ObjectOf, scope: Scope) -> Evaluate:
    items = [(name, evaluator(item, scope)) for name, item in zip(expression.names, expression.items, strict=True)]
    return lambda row: {name: value for name, item in items if (value := item(row)) is not UNDEFINED}


@evaluator.register
def _(expression: Subquery, scope: Scope) -> Evaluate:
    run = scope.subquery(expression.query, replace(scope, grouped=False))
    if expression.form == "EXISTS":
        return lambda row: bool(run(row))
    if expression.form == "ARRAY":
        return lambda row: [value for value in run(row) if value is not UNDEFINED]
    return lambda row: next(iter(run(row)), UNDEFINED)
