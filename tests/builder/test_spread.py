"""Work in processes: order, bounded appetite, and what happens when a process dies or work raises."""

import os
from collections.abc import Iterator
from itertools import islice

import pytest

from builder.spread import spread


def squared(number: int) -> tuple[int, int]:
    if number == 70:
        os._exit(9)
    if number < 0:
        msg = "negative"
        raise ValueError(msg)
    return number * number, os.getpid()


def lost(number: int) -> tuple[int, int]:
    return -number, 0


def test_results_come_in_order_and_only_the_item_that_kills_its_process_is_lost() -> None:
    results = list(spread(squared, range(80), 2, lost=lost, batch=4))
    assert [value for value, _ in results] == [-70 if number == 70 else number**2 for number in range(80)]
    assert os.getpid() not in {process for _, process in results}


def test_few_items_are_done_here() -> None:
    assert list(spread(squared, range(8), 2, lost=lost, batch=8)) == [(n * n, os.getpid()) for n in range(8)]


def test_items_are_asked_for_as_they_are_needed() -> None:
    asked = 99

    def numbers() -> Iterator[int]:
        nonlocal asked
        while True:
            asked += 1
            yield asked

    results = spread(squared, numbers(), 2, lost=lost, batch=4)
    assert [value for value, _ in islice(results, 40)] == [number**2 for number in range(100, 140)]
    results.close()  # type: ignore[attr-defined]  # it is a generator
    assert asked < 100 + 40 + 4 * 2 * 4


def test_what_work_raises_is_raised_here() -> None:
    with pytest.raises(ValueError, match="negative"):
        list(spread(squared, [1, 2, -1, 3], 2, lost=lost, batch=1))
