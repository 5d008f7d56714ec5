"""From the text of a query to its tree."""

import functools
import json
import re
from collections.abc import Sequence
from pathlib import Path

from lark import Lark, Token, Transformer, UnexpectedInput, UnexpectedToken, v_args
from lark.exceptions import VisitError

from local.cosmos.errors import BadRequestError, CosmosError, NotSupportedError
from local.cosmos.query.syntax import (
    ArrayOf,
    Binary,
    Call,
    Conditional,
    Expression,
    Identifier,
    Index,
    Item,
    Like,
    Literal,
    Membership,
    Missing,
    ObjectOf,
    Ordering,
    Parameter,
    Query,
    Source,
    Subquery,
    Unary,
    path,
)

_CONSTANTS: dict[str, Expression] = {
    "true": Literal(value=True, kind="bool"),
    "false": Literal(value=False, kind="bool"),
    "null": Literal(None, "null"),
    "undefined": Missing(),
}
_ESCAPES = re.compile(r"\\u[0-9a-fA-F]{4}|\\.", re.DOTALL)
_SINGLE = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_MAX_LENGTH = 512 * 1024


@functools.lru_cache(512)
def parse(text: str) -> Query:
    """The tree of a query; BadRequestError says where the text goes wrong, as the service does (SC1001)."""
    if len(text) > _MAX_LENGTH:
        raise BadRequestError("The query is longer than 512 KB")
    try:
        return _builder().transform(_grammar().parse(text))
    except UnexpectedInput as error:
        at_end = isinstance(error, UnexpectedToken) and error.token.type == "$END"
        start = len(text) if at_end else error.pos_in_stream or 0
        near = text[start : start + 20] or "the end"
        detail = {
            "severity": "Error",
            "location": {"start": start, "end": start + len(near)},
            "code": "SC1001",
            "message": f"Syntax error, incorrect syntax near '{near}'. (Reserved words are quoted: c[\"order\"].)",
        }
        raise BadRequestError("Message: " + json.dumps({"errors": [detail]})) from None
    except VisitError as error:
        if isinstance(error.orig_exc, CosmosError):
            raise error.orig_exc from None
        raise


@functools.cache
def _grammar() -> Lark:
    return Lark(Path(__file__).with_name("grammar.lark").read_text(), start="query", parser="lalr")


@functools.cache
def _builder() -> "_Build":
    return _Build()


def _text(token: str) -> str:
    def unescape(match: re.Match[str]) -> str:
        found = match[0][1:]
        return chr(int(found[1:], 16)) if len(found) > 1 else _SINGLE.get(found, found)

    joined = _ESCAPES.sub(unescape, token[1:-1])
    return joined.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _negated(no: Token | None, expression: Expression) -> Expression:
    return Unary("NOT", expression) if no else expression


@v_args(inline=True)
class _Build(Transformer[Token, Query]):
    """One method per rule of the grammar."""

    def query(  # noqa: PLR0917  lark passes the rule's eight places in order
        self,
        distinct: Token | None,
        top: Expression | None,
        projection: Expression | tuple[Item, ...] | None,
        sources: tuple[Source, ...] | None,
        where: Expression | None,
        group: tuple[Expression, ...] | None,
        order: tuple[Ordering, ...] | None,
        window: tuple[Expression, Expression] | None,
    ) -> Query:
        items = projection if isinstance(projection, tuple) else ()
        value = None if isinstance(projection, tuple) else projection
        offset, limit = window or (None, None)
        if top is not None and limit is not None:
            raise BadRequestError("TOP and OFFSET LIMIT cannot be used together")
        return Query(
            distinct is not None, top, value, items, sources or (), where, group or (), order or (), offset, limit
        )

    def everything(self) -> None:
        return None

    def value(self, expression: Expression) -> Expression:
        return expression

    def items(self, *items: tuple[Expression, Token | None]) -> tuple[Item, ...]:
        found: list[Item] = []
        unnamed = 0
        for expression, alias in items:
            place = path(expression)
            last = (place[1] or (place[0],))[-1] if place else 0
            if alias is not None or isinstance(last, str):
                found.append(Item(str(last if alias is None else alias), expression))
            else:
                unnamed += 1
                found.append(Item(f"${unnamed}", expression))
        if len({item.name for item in found}) < len(found):
            raise BadRequestError("The select list names the same property twice; give one of them an alias with AS")
        return tuple(found)

    def item(self, expression: Expression, alias: Token | None) -> tuple[Expression, Token | None]:
        return expression, alias

    def origin(self, *sources: Source) -> tuple[Source, ...]:
        return sources

    def each(self, alias: Token, of: Expression | Query) -> Source:
        return Source(str(alias), of, iterate=True)

    def bound(self, of: Expression, alias: Token | None) -> Source:
        place = path(of)
        names = (place[0], *place[1]) if place else ("",)
        return Source(str(alias or names[-1]), of, iterate=False)

    def derived(self, query: Query, alias: Token | None) -> Source:
        return Source(str(alias or ""), query, iterate=False)

    def where(self, condition: Expression) -> Expression:
        return condition

    def group(self, *keys: Expression) -> tuple[Expression, ...]:
        return keys

    def order(self, *keys: Ordering) -> tuple[Ordering, ...]:
        return keys

    def ordering(self, expression: Expression, direction: Token | None) -> Ordering:
        return Ordering(expression, direction is not None and direction.type == "DESC")

    def window(self, offset: Expression, limit: Expression) -> tuple[Expression, Expression]:
        return offset, limit

    def conditional(self, condition: Expression, yes: Expression, no: Expression) -> Expression:
        return Conditional(condition, yes, no)

    def binary(self, left: Expression, operator: Token, right: Expression) -> Expression:
        name = "!=" if operator == "<>" else str(operator).upper()
        return Binary(name, left, right)

    def unary(self, operator: Token, operand: Expression) -> Expression:
        return Unary(str(operator).upper(), operand)

    def between(self, operand: Expression, no: Token | None, low: Expression, _: Token, high: Expression) -> Expression:
        return _negated(no, Binary("AND", Binary(">=", operand, low), Binary("<=", operand, high)))

    def membership(self, operand: Expression, no: Token | None, items: tuple[Expression, ...]) -> Expression:
        return _negated(no, Membership(operand, items))

    def like(self, operand: Expression, no: Token | None, pattern: Expression, escape: Token | None) -> Expression:
        return _negated(no, Like(operand, pattern, _text(escape) if escape else ""))

    def member(self, base: Expression, name: Token) -> Expression:
        return Index(base, Literal(str(name), "str"))

    def index(self, base: Expression, place: Expression) -> Expression:
        return Index(base, place)

    def user_function(self, _: Expression, name: Token, __: Sequence[Expression] | None) -> Expression:
        raise NotSupportedError(f"user-defined functions ({name})")

    def identifier(self, name: Token) -> Expression:
        return Identifier(str(name))

    def parameter(self, name: Token) -> Expression:
        return Parameter(str(name))

    def number(self, text: Token) -> Expression:
        value = float(text) if set(text) & set(".eE") else int(text)
        return Literal(value, "number")

    def string(self, text: Token) -> Expression:
        return Literal(_text(text), "str")

    def constant(self, word: Token) -> Expression:
        return _CONSTANTS[word.lower()]

    def call(self, name: Token, arguments: tuple[Expression, ...] | None) -> Expression:
        return Call(name.upper(), arguments or ())

    def scalar(self, query: Query) -> Expression:
        return Subquery("SCALAR", query)

    def exists(self, query: Query) -> Expression:
        return Subquery("EXISTS", query)

    def collect(self, query: Query) -> Expression:
        return Subquery("ARRAY", query)

    def array(self, items: tuple[Expression, ...] | None) -> Expression:
        return ArrayOf(items or ())

    def object(self, *pairs: tuple[str, Expression] | None) -> Expression:
        given = [pair for pair in pairs if pair is not None]
        return ObjectOf(tuple(name for name, _ in given), tuple(item for _, item in given))

    def pair(self, name: Token, item: Expression) -> tuple[str, Expression]:
        return (_text(name) if name.type == "STRING" else str(name)), item

    def expressions(self, *items: Expression) -> tuple[Expression, ...]:
        return items
