import math
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.rate import TokenBuckets


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def buckets(rate: float = 2.0, burst: int = 3, most: int = 10) -> tuple[TokenBuckets, Clock]:
    clock = Clock()
    return TokenBuckets(rate, burst, most=most, clock=clock), clock


def test_a_burst_is_let_in_then_the_rate_counts() -> None:
    limits, clock = buckets()
    assert [limits.take("a").allowed for _ in range(4)] == [True, True, True, False]
    clock.now += 0.5
    assert [limits.take("a").allowed for _ in range(2)] == [True, False]


def test_it_says_what_is_left_and_how_long_to_wait() -> None:
    limits, clock = buckets()
    first = limits.take("a")
    assert (first.left, first.wait, first.full) == (2, 0, 0.5)
    limits.take("a")
    limits.take("a")
    refused = limits.take("a")
    assert (refused.left, refused.wait, refused.full) == (0, 0.5, 1.5)
    clock.now += refused.wait
    assert limits.take("a").allowed


def test_keys_do_not_share() -> None:
    limits, _ = buckets(burst=1)
    assert [limits.take(key).allowed for key in "aab"] == [True, False, True]


def test_looking_takes_nothing() -> None:
    limits, _ = buckets(burst=1)
    assert limits.look("a").allowed
    assert limits.look("a").allowed
    assert (limits.take("a").allowed, limits.look("a").allowed, len(limits)) == (True, False, 1)


def test_the_quietest_is_forgotten_first() -> None:
    limits, _ = buckets(burst=1, most=2)
    for key in ("a", "b", "a", "c"):
        limits.take(key)
    assert len(limits) == 2
    assert [limits.look(key).allowed for key in "abc"] == [False, True, False]


@pytest.mark.parametrize(("rate", "burst", "most"), [(0, 1, 1), (1, 0, 1), (1, 1, 0)])
def test_limits_that_let_nobody_in_are_refused(rate: float, burst: int, most: int) -> None:
    with pytest.raises(ValueError, match="above 0"):
        TokenBuckets(rate, burst, most=most)


def test_threads_get_no_more_than_there_is() -> None:
    limits, _ = buckets(burst=50)
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: limits.take("a").allowed, range(400)))
    assert sum(taken) == 50


@given(
    rate=st.floats(0.1, 100),
    burst=st.integers(1, 20),
    pauses=st.lists(st.floats(0, 5), max_size=60),
)
def test_no_stretch_of_time_lets_in_more_than_burst_and_rate(rate: float, burst: int, pauses: list[float]) -> None:
    limits, clock = buckets(rate, burst)
    start = clock.now
    let_in = 0
    for pause in pauses:
        clock.now += pause
        told = limits.take("a")
        let_in += told.allowed
        assert told.allowed or told.wait > 0
        assert 0 <= told.left <= burst
        assert let_in <= math.ceil(burst + (clock.now - start) * rate + 1e-6)
