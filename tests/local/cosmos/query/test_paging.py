"""Pages: whatever the query, the size and what changes in between, they make up the whole."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.cosmos.errors import BadRequestError
from local.cosmos.query.paging import Scan, fingerprint, page, start
from local.cosmos.query.parse import parse
from local.cosmos.query.plan import plan
from local.cosmos.values import dumps, loads, sort_key

type Table = dict[int, Any]

VALUES = st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["", "a", "b", [1], {"k": 1}])
DOCUMENTS = st.fixed_dictionaries({}, optional={"a": VALUES, "b": VALUES, "tags": st.lists(VALUES, max_size=3)})
TABLES = st.lists(DOCUMENTS, max_size=12).map(
    lambda items: {seq: {"id": str(seq), **item} for seq, item in enumerate(items, 1)}
)
QUERIES = [
    "SELECT * FROM c",
    "SELECT * FROM c WHERE IS_DEFINED(c.a)",
    "SELECT VALUE c.a FROM c",
    "SELECT VALUE [c.id, t] FROM c JOIN t IN c.tags",
    "SELECT VALUE c.id FROM c ORDER BY c.a",
    "SELECT VALUE c.id FROM c ORDER BY c.a DESC, c.b",
    "SELECT VALUE [c.id, t] FROM c JOIN t IN c.tags ORDER BY c.b DESC",
    "SELECT VALUE c.id FROM c OFFSET 2 LIMIT 5",
    "SELECT VALUE c.id FROM c ORDER BY c.a OFFSET 1 LIMIT 4",
    "SELECT TOP 3 VALUE c.id FROM c ORDER BY c.a DESC",
    "SELECT DISTINCT VALUE c.a FROM c",
    "SELECT DISTINCT VALUE c.a FROM c ORDER BY c.a",
    "SELECT c.a, COUNT(1) AS n FROM c GROUP BY c.a",
    "SELECT VALUE COUNT(1) FROM c",
]


def _scan(table: Table) -> Scan:
    def scan(after: int) -> Iterator[tuple[int, str]]:
        return ((seq, dumps(table[seq])) for seq in sorted(table) if seq > after)

    return scan


def _rows(text: str, table: Table, size: int) -> Iterator[list[Any]]:
    """Page after page, each from nothing but the token before; `table` may change between two."""
    token: str | None = None
    while True:
        found = page(plan(parse(text), {}), _scan(table), start(token, fingerprint(text)), size)
        yield [loads(row) for row in found.rows]
        token = found.continuation
        if token is None:
            return


def _all(text: str, table: Table, size: int = 10**6) -> list[Any]:
    return [row for rows in _rows(text, table, size) for row in rows]


@given(TABLES, st.sampled_from(QUERIES), st.integers(1, 4))
def test_pages_make_up_the_whole(table: Table, text: str, size: int) -> None:
    pages = list(_rows(text, table, size))

    assert [row for rows in pages for row in rows] == _all(text, table)
    assert all(len(rows) == size for rows in pages[:-1])


@given(TABLES, st.sampled_from(["", "DESC"]))
def test_order_is_that_of_the_values(table: Table, direction: str) -> None:
    expected = sorted(
        (item for item in table.values() if "a" in item),
        key=lambda item: sort_key(item["a"]),
        reverse=direction == "DESC",
    )

    text = f"SELECT VALUE c.a FROM c WHERE IS_DEFINED(c.a) ORDER BY c.a {direction}"  # noqa: S608  two words
    assert _all(text, table) == [item["a"] for item in expected]


@given(TABLES, st.integers(0, 5), st.integers(0, 5))
def test_offset_and_limit_cut_the_whole(table: Table, offset: int, limit: int) -> None:
    text = "SELECT VALUE c.id FROM c ORDER BY c.a"

    assert _all(f"{text} OFFSET {offset} LIMIT {limit}", table) == _all(text, table)[offset : offset + limit]


@given(TABLES, st.sampled_from(QUERIES[:7]), st.integers(1, 3), st.sets(st.integers(1, 12)), st.integers(0, 3))
def test_what_stays_is_given_once_whatever_comes_and_goes(
    table: Table, text: str, size: int, gone: set[int], come: int
) -> None:
    stays = {seq: item for seq, item in table.items() if seq not in gone}
    expected = _all(text, stays)
    changing = dict(table)
    rows: list[Any] = []
    for number, found in enumerate(_rows(text, changing, size)):
        rows += found
        if number == 0:
            for seq in gone & changing.keys():
                del changing[seq]
            for seq in range(100, 100 + come):
                changing[seq] = {"id": str(seq), "a": "new", "b": "new", "tags": ["new"]}

    surely = [row for row in rows if row in expected]
    assert [row for row in surely if surely.count(row) > expected.count(row)] == [] or text == QUERIES[2]
    assert all(row in rows for row in expected)


@given(TABLES)
def test_groups_and_distinct_values_as_in_python(table: Table) -> None:
    texts = [dumps(item["a"]) for item in table.values() if "a" in item]

    groups = _all("SELECT c.a, COUNT(1) AS n FROM c WHERE IS_DEFINED(c.a) GROUP BY c.a", table)

    assert {dumps(group["a"]): group["n"] for group in groups} == {text: texts.count(text) for text in texts}
    assert sorted(map(dumps, _all("SELECT DISTINCT VALUE c.a FROM c", table))) == sorted(set(texts))


def test_a_page_holds_at_most_four_megabytes() -> None:
    table: Table = {seq: {"id": str(seq), "text": "x" * 1_500_000} for seq in range(1, 6)}

    assert [len(rows) for rows in _rows("SELECT * FROM c", table, 100)] == [2, 2, 1]


@pytest.mark.parametrize("token", ["", "x", "e30=", "////", "bm90IGpzb24="])
def test_rubbish_is_no_token(token: str) -> None:
    with pytest.raises(BadRequestError):
        start(token, 1)
