"""Expressions: three-valued logic and functions by example, predicates and arithmetic against Python's own."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.cosmos.query.compile import Row
from local.cosmos.query.parse import parse
from local.cosmos.query.plan import ROOT, plan
from local.cosmos.values import UNDEFINED

DOCUMENT: dict[str, Any] = {
    "n": 5,
    "text": "Hello",
    "none": None,
    "yes": True,
    "no": False,
    "list": [1, "a", None, [2], {"k": 1}],
    "o": {"k": "v"},
}


def value(text: str, /, document: dict[str, Any] | None = None, **parameters: Any) -> Any:
    """What an expression over `c` gives; UNDEFINED when nothing."""
    row = Row({ROOT: DOCUMENT if document is None else document})
    query = f"SELECT VALUE {text} FROM c"  # noqa: S608  the texts are this file's own
    found = plan(parse(query), {f"@{name}": item for name, item in parameters.items()})
    return next(iter(found.results(found.bind(row))), UNDEFINED)


T, F, U = "true", "false", "undefined"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{T} AND {U}", UNDEFINED),
        (f"{U} AND {F}", False),
        (f"{F} AND {U}", False),
        (f"{T} AND {T}", True),
        (f"{T} OR {U}", True),
        (f"{U} OR {T}", True),
        (f"{F} OR {U}", UNDEFINED),
        (f"{F} OR {F}", False),
        (f"NOT {U}", UNDEFINED),
        (f"NOT {F}", True),
        ("NOT 1", UNDEFINED),
        (f"1 AND {T}", UNDEFINED),
        ("c.missing = 1", UNDEFINED),
        ("c.missing != 1", UNDEFINED),
        ("c.missing = c.missing", UNDEFINED),
        ("c.none = null", True),
        ("c.n != null", True),
        ("c.n = '5'", False),
        ("c.n < '6'", UNDEFINED),
        ("true = 1", False),
        ("c.yes = true", True),
        ("false < true", True),
        ("null <= null", True),
        ("c.o = {'k': 'v'}", True),
        ("c.o < {'k': 'v'}", UNDEFINED),
        ("[1, 2] = [1, 2.0]", True),
        ("[true] = [1]", False),
        ("c.missing ?? 'x'", "x"),
        ("c.none ?? 'x'", None),
        ("c.n ?? 'x'", 5),
        ("c.missing ? 1 : 2", 2),
        ("c.n ? 1 : 2", 2),
        ("c.yes ? 1 : 2", 1),
        ("c.n IN (1, 5)", True),
        ("c.n IN ('5')", False),
        ("c.missing IN (1)", UNDEFINED),
        ("null IN (null)", True),
        ("c.missing BETWEEN 1 AND 2", UNDEFINED),
        ("'b' BETWEEN 'a' AND 'c'", True),
        ("1 / 0", UNDEFINED),
        ("1 % 0", UNDEFINED),
        ("1 + 'a'", UNDEFINED),
        ("7 % -3", 1),
        ("-7 % 3", -1),
        ("1e308 * 10", UNDEFINED),
        ("4 / 2", 2),
        ("5 / 2", 2.5),
        ("-c.n", -5),
        ("+c.text", UNDEFINED),
        ("'a' || 1", UNDEFINED),
        ("c.list[0]", 1),
        ("c.list[9]", UNDEFINED),
        ("c.list[-1]", UNDEFINED),
        ("c.list.a", UNDEFINED),
        ("c.list['0']", UNDEFINED),
        ("c.list[3][0]", 2),
        ("c.o.k", "v"),
        ("c['o']['k']", "v"),
        ("c.o[0]", UNDEFINED),
        ("c.text.length", UNDEFINED),
        ("c.none.k", UNDEFINED),
        ("c.list[c.n - 5]", 1),
        ("c[c.missing]", UNDEFINED),
        ("{a: c.missing, b: 1}", {"b": 1}),
        ("[c.missing, 1]", [1]),
        ("[]", []),
        ("{}", {}),
    ],
)
def test_three_valued_logic(text: str, expected: Any) -> None:
    found = value(text)

    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("IS_DEFINED(c.missing)", False),
        ("IS_DEFINED(c.none)", True),
        ("IS_NUMBER(true)", False),
        ("IS_NUMBER(1.5)", True),
        ("IS_INTEGER(2.0)", True),
        ("IS_INTEGER(2.5)", False),
        ("IS_PRIMITIVE(null)", True),
        ("IS_PRIMITIVE(c.missing)", False),
        ("LOWER(c.text)", "hello"),
        ("UPPER(1)", UNDEFINED),
        ("LENGTH(c.text)", 5),
        ("REVERSE('abc')", "cba"),
        ("CONTAINS(c.text, 'ell')", True),
        ("CONTAINS(c.text, 'ELL')", False),
        ("CONTAINS(c.text, 'ELL', true)", True),
        ("CONTAINS(c.missing, 'a')", UNDEFINED),
        ("STARTSWITH(c.text, '')", True),
        ("ENDSWITH(c.text, 'LO', true)", True),
        ("STRINGEQUALS('A', 'a', true)", True),
        ("CONCAT('a', 'b', 'c')", "abc"),
        ("CONCAT('a', 1)", UNDEFINED),
        ("SUBSTRING('hello', 1, 3)", "ell"),
        ("SUBSTRING('hello', -1, 2)", "he"),
        ("SUBSTRING('hello', 3, 99)", "lo"),
        ("LEFT('hello', 2)", "he"),
        ("RIGHT('hello', 2)", "lo"),
        ("RIGHT('hello', 0)", ""),
        ("RIGHT('hi', 9)", "hi"),
        ("INDEX_OF('hello', 'l')", 2),
        ("INDEX_OF('hello', 'l', 3)", 3),
        ("INDEX_OF('hello', 'z')", -1),
        ("REPLACE('aXbX', 'X', '-')", "a-b-"),
        ("REPLICATE('ab', 2)", "abab"),
        ("TRIM('  a ')", "a"),
        ("LTRIM(' a ')", "a "),
        ("RTRIM(' a ')", " a"),
        ("TOSTRING(1.5)", "1.5"),
        ("TOSTRING(true)", "true"),
        ("TOSTRING('a')", "a"),
        ("STRINGTONUMBER('1.5')", 1.5),
        ("STRINGTONUMBER('x')", UNDEFINED),
        ("STRINGTOBOOLEAN('true')", True),
        ("STRINGTONULL('null')", None),
        ("STRINGSPLIT('a,b', ',')", ["a", "b"]),
        ("STRINGJOIN(['a', 'b'], '-')", "a-b"),
        ("REGEXMATCH('abc', '^A', 'i')", True),
        ("REGEXMATCH('abc', 'x+')", False),
        ("REGEXMATCH('abc', '(')", UNDEFINED),
        ("ABS(-2)", 2),
        ("FLOOR(-1.5)", -2),
        ("CEILING(1.2)", 2),
        ("ROUND(0.5)", 1),
        ("ROUND(-0.5)", -1),
        ("ROUND(1.25, 1)", 1.3),
        ("TRUNC(-1.7)", -1),
        ("SIGN(-3)", -1),
        ("SQRT(9)", 3),
        ("SQRT(-1)", UNDEFINED),
        ("POWER(2, 10)", 1024),
        ("SQUARE(3)", 9),
        ("LOG(1)", 0),
        ("LOG10(1000)", 3),
        ("EXP(0)", 1),
        ("ABS('1')", UNDEFINED),
        ("LOG(0)", UNDEFINED),
        ("ARRAY_LENGTH(c.list)", 5),
        ("ARRAY_LENGTH(c.o)", UNDEFINED),
        ("ARRAY_CONTAINS(c.list, 'a')", True),
        ("ARRAY_CONTAINS(c.list, true)", False),
        ("ARRAY_CONTAINS(c.list, null)", True),
        ("ARRAY_CONTAINS(c.list, [2])", True),
        ("ARRAY_CONTAINS([{'a': 1, 'b': 2}], {'a': 1})", False),
        ("ARRAY_CONTAINS([{'a': 1, 'b': 2}], {'a': 1}, true)", True),
        ("ARRAY_CONTAINS(c.text, 'H')", UNDEFINED),
        ("ARRAY_CONTAINS_ANY(c.list, 7, 'a')", True),
        ("ARRAY_CONTAINS_ALL(c.list, 7, 'a')", False),
        ("ARRAY_CONCAT([1], [2, 3])", [1, 2, 3]),
        ("ARRAY_SLICE([1, 2, 3], 1)", [2, 3]),
        ("ARRAY_SLICE([1, 2, 3], -2, 1)", [2]),
        ("SETINTERSECT([1, 2, 2], [2, 3])", [2]),
        ("SETUNION([1, 2], [2, 3])", [1, 2, 3]),
        ("IIF(c.yes, 1, 2)", 1),
        ("IIF(c.n, 1, 2)", 2),
    ],
)
def test_functions(text: str, expected: Any) -> None:
    found = value(text)

    assert found == expected
    assert isinstance(found, bool) == isinstance(expected, bool)


def test_the_time() -> None:
    assert 1.7e12 < value("GetCurrentTimestamp()") < 4e12
    assert value("GetCurrentDateTime()")[10] == "T"


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("a%", "abc", True),
        ("%c", "abc", True),
        ("a_c", "abc", True),
        ("a_c", "abbc", False),
        ("%", "", True),
        ("[a-c]x", "bx", True),
        ("[^a-c]x", "bx", False),
        ("a.c", "abc", False),
        ("a%", "a\nb", True),
        ("", "a", False),
    ],
)
def test_like(pattern: str, text: str, expected: bool) -> None:
    assert value("@text LIKE @pattern", text=text, pattern=pattern) is expected


def test_like_with_an_escape() -> None:
    assert value("'100%' LIKE '100!%' ESCAPE '!'") is True
    assert value("'1000' LIKE '100!%' ESCAPE '!'") is False


NUMBERS = st.integers(-(10**6), 10**6) | st.floats(-1e6, 1e6)
PYTHON: dict[str, Any] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
}


@given(NUMBERS, NUMBERS, st.sampled_from(sorted(PYTHON)))
def test_numbers_as_in_python(left: float, right: float, operator: str) -> None:
    assert value(f"c.a {operator} c.b", {"a": left, "b": right}) == PYTHON[operator](left, right)


@given(st.text(max_size=5), st.text(max_size=5), st.sampled_from(["=", "!=", "<", "<=", ">", ">="]))
def test_strings_as_in_python(left: str, right: str, operator: str) -> None:
    assert value(f"@a {operator} @b", a=left, b=right) is PYTHON[operator](left, right)


@given(st.lists(NUMBERS, min_size=1, max_size=8))
def test_aggregates_as_in_python(numbers: list[float]) -> None:
    found = value("(SELECT VALUE [COUNT(n), SUM(n), MIN(n), MAX(n), AVG(n)] FROM n IN c.numbers)", {"numbers": numbers})

    mean = math.fsum(numbers) / len(numbers)
    assert found[:4] == [len(numbers), pytest.approx(math.fsum(numbers)), min(numbers), max(numbers)]
    assert found[4] == pytest.approx(mean)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SUM(n) FROM n IN c.list", UNDEFINED),
        ("SUM(n.k) FROM n IN c.list", 1),
        ("COUNT(n.k) FROM n IN c.list", 1),
        ("COUNTIF(IS_STRING(n)) FROM n IN c.list", 1),
        ("MIN(n) FROM n IN c.list", None),
        ("COUNT(1) FROM n IN c.missing", 0),
        ("AVG(n) FROM n IN c.missing", UNDEFINED),
        ("MAX(n) FROM n IN c.missing", UNDEFINED),
    ],
)
def test_aggregates_of_mixed_values(text: str, expected: Any) -> None:
    assert value(f"(SELECT VALUE {text})") == expected


def test_nesting_beyond_reason_is_refused_not_fatal() -> None:
    with pytest.raises(RecursionError):  # which the gateway answers with 400
        value("(" * 5 + "NOT " * 20_000 + "true" + ")" * 5)
