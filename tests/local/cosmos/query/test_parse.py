import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.cosmos.errors import BadRequestError
from local.cosmos.query.parse import parse
from local.cosmos.query.syntax import Binary, Expression, Literal, Unary


def _value(text: str) -> Expression | None:
    return parse(f"SELECT VALUE {text}").value


@pytest.mark.parametrize(
    ("text", "grouped"),
    [
        ("1 + 2 * 3", "1 + (2 * 3)"),
        ("1 - 2 - 3", "(1 - 2) - 3"),
        ("-1 + 2", "(-1) + 2"),
        ("1 + 1 = 2 AND true", "((1 + 1) = 2) AND true"),
        ("true OR false AND false", "true OR (false AND false)"),
        ("NOT true OR true", "(NOT true) OR true"),
        ("NOT 1 = 2", "NOT (1 = 2)"),
        ("'a' || 'b' = 'ab'", "('a' || 'b') = 'ab'"),
        ("1 BETWEEN 0 AND 2 AND true", "(1 BETWEEN 0 AND 2) AND true"),
        ("undefined ?? 1 = 1", "undefined ?? (1 = 1)"),
        ("true ? 1 : false ? 2 : 3", "true ? 1 : (false ? 2 : 3)"),
        ("1 <> 2", "1 != 2"),
    ],
)
def test_precedence(text: str, grouped: str) -> None:
    assert _value(text) == _value(grouped)


@given(st.text(st.characters(exclude_categories=["Cs"])), st.sampled_from("'\""))
def test_any_string_can_be_written(text: str, quote: str) -> None:
    escaped = text.replace("\\", "\\\\").replace(quote, "\\" + quote)

    assert _value(f"{quote}{escaped}{quote}") == Literal(text, "str")


def test_escapes() -> None:
    assert _value(r"'\u00e9\n\t\/\ud83d\ude00'") == Literal("é\n\t/😀", "str")


@given(st.integers(0, 10**15) | st.floats(0, allow_infinity=False, allow_nan=False))
def test_numbers(number: float) -> None:
    assert _value(repr(number)) == Literal(number, "number")


def test_keywords_in_any_case_and_names_that_begin_like_them() -> None:
    query = parse("select top 1 value notes.inner_id FrOm notes where notes.orders = 1 oRdEr bY notes.descr dEsC")

    assert query.order[0].descending
    assert query.sources[0].alias == "notes"


def test_true_is_not_one() -> None:
    assert _value("true") != _value("1")


def test_not_like_is_not_of_like() -> None:
    assert _value("'a' NOT LIKE 'b'") == Unary("NOT", _value("'a' LIKE 'b'") or Literal(None, "null"))
    assert isinstance(_value("1 BETWEEN 0 AND 2"), Binary)


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("", "the end"),
        ("SELECT", "the end"),
        ("SELECT * FROM", "the end"),
        ("SELECT * FRM c", "FRM c"),
        ("SELECT * FROM c WHERE", "the end"),
        ("SELECT * FROM c WHERE c.a == 1", "= 1"),
        ("SELECT * FROM c WHERE c.value = 1", "value = 1"),
        ("SELECT * FROM c ORDER BY", "the end"),
        ("SELECT * FROM c LIMIT 5", "LIMIT 5"),
        ("SELECT * FROM c; DROP", "; DROP"),
        ("SELECT 'open", "'open"),
        ("SELECT * FROM c WHERE c.a = #", "#"),
    ],
)
def test_errors_say_where(text: str, near: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        parse(text)

    assert f"incorrect syntax near '{near}" in caught.value.message


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("SELECT TOP 1 c.id FROM c OFFSET 1 LIMIT 1", "TOP"),
        ("SELECT c.a.x, c.b.x FROM c", "twice"),
        ("SELECT " + "x" * 600_000, "512 KB"),
    ],
)
def test_what_is_written_well_but_not_allowed(text: str, word: str) -> None:
    with pytest.raises(BadRequestError, match=word):
        parse(text)
