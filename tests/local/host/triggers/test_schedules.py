from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.host.errors import UnsupportedFeatureError
from local.host.triggers.schedules import parse_schedule


def occurrences(text: str, count: int, start: datetime = datetime(2026, 11, 22, 10, 0, 30, tzinfo=UTC)) -> list[str]:
    schedule, found = parse_schedule(text), []
    for _ in range(count):
        start = schedule.next_after(start)
        found.append(start.strftime("%m-%d %H:%M:%S"))
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0 */5 * * * *", ["11-22 10:05:00", "11-22 10:10:00"]),
        ("*/15 * * * * *", ["11-22 10:00:45", "11-22 10:01:00"]),
        ("0 30 9 * * 1-5", ["11-23 09:30:00", "11-24 09:30:00"]),
        ("0 30 9 * Jan Mon", ["01-04 09:30:00", "01-11 09:30:00"]),
        ("0 0 0 * january monday", ["01-04 00:00:00", "01-11 00:00:00"]),
        ("5,8,10 * * * * *", ["11-22 10:01:05", "11-22 10:01:08"]),
        ("0 5-7 * * * *", ["11-22 10:05:00", "11-22 10:06:00"]),
        ("*/5 * * * *", ["11-22 10:05:00", "11-22 10:10:00"]),
        ("0 0 0 13 * 5", ["08-13 00:00:00", "10-13 00:00:00"]),  # the 13th AND a Friday: 2027, then 2028
        ("00:00:10", ["11-22 10:00:40", "11-22 10:00:50"]),
        ("24:00:00", ["12-16 10:00:30"]),
    ],
)
def test_occurrences(text: str, expected: list[str]) -> None:
    assert occurrences(text, len(expected)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0 0 0 30 2 *",
        "0 0 0 * * monkey",
        "60 * * * * *",
        "* * * * * 1L",
        "* * * * * 1#2",
        "* * *",
        "a b c d e f",
        "00:00:00",
        "-1:00",
    ],
)
def test_what_never_occurs_or_is_none_is_refused(text: str) -> None:
    with pytest.raises(UnsupportedFeatureError, match="cannot be used"):
        parse_schedule(text)


@pytest.mark.parametrize(
    ("text", "frequent"),
    [("*/30 * * * * *", True), ("0 * * * * *", False), ("00:00:59", True), ("00:01:00", False)],
)
def test_only_schedules_of_a_minute_or_more_are_kept(text: str, frequent: bool) -> None:
    assert parse_schedule(text).is_frequent() is frequent


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis wants it so
    st.integers(0, 59),
    st.integers(0, 59),
    st.integers(0, 23),
)
def test_the_next_occurrence_fits_and_is_the_first(moment: datetime, second: int, minute: int, hour: int) -> None:
    found = parse_schedule(f"{second} {minute} {hour} * * *").next_after(moment)
    assert (found.second, found.minute, found.hour, found.microsecond) == (second, minute, hour, 0)
    assert timedelta(0) < found - moment <= timedelta(days=1)
