from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.host.timespan import parse_timespan


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("00:00:30", timedelta(seconds=30)),
        ("00:05", timedelta(minutes=5)),
        ("23:59:59", timedelta(hours=23, minutes=59, seconds=59)),
        ("1.00:00:00", timedelta(days=1)),
        ("24:00:00", timedelta(days=24)),
        ("00:00:00.5000000", timedelta(seconds=0.5)),
        (" 00:00:02 ", timedelta(seconds=2)),
    ],
)
def test_reads_what_dotnet_reads(text: str, expected: timedelta) -> None:
    assert parse_timespan(text) == expected


@pytest.mark.parametrize("text", ["", "5", "00:60:00", "00:00:61", "-00:00:01", "1.24:00:00", "24:30:00", "a:b:c"])
def test_refuses_the_rest(text: str) -> None:
    with pytest.raises(ValueError, match="is not a time span"):
        parse_timespan(text)


@given(st.timedeltas(timedelta(0), timedelta(days=1000)))
def test_reads_every_duration_written_with_days(length: timedelta) -> None:
    seconds = length.seconds
    clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{length.microseconds:06}"
    assert abs(parse_timespan(f"{length.days}.{clock}") - length) <= timedelta(microseconds=1)
