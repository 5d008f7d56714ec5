"""Rows gone through several times."""

from collections.abc import Iterator

import pytest

from builder.replay import replayed
from builder.rows import ImageRow
from tests.builder.rows_of import row


@pytest.mark.parametrize(("count", "reads"), [(0, 1), (9, 1), (10, 1), (11, 3), (25, 3)])
def test_few_rows_are_read_once_and_many_each_time(count: int, reads: int) -> None:
    rows = [row(number) for number in range(count)]
    asked = 0

    def read() -> Iterator[ImageRow]:
        nonlocal asked
        asked += 1
        return iter(rows)

    again = replayed(read, keep=10)
    assert [list(again()) for _ in range(3)] == [rows] * 3
    assert asked == reads


def test_a_pass_that_stops_early_spoils_no_later_one() -> None:
    rows = [row(number) for number in range(25)]
    again = replayed(lambda: iter(rows), keep=10)
    assert next(again()) == rows[0]
    assert list(again()) == rows
