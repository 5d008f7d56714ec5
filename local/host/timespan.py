"""Durations as .NET writes them in host.json and timer schedules: `[d.]hh:mm:ss[.fffffff]`."""

import re
from datetime import timedelta

_PATTERN = re.compile(
    r"(?:(?P<days>\d+)\.)?(?P<first>\d+):(?P<minutes>[0-5]?\d)(?::(?P<seconds>[0-5]?\d(?:\.\d{1,7})?))?"
)
_HOURS_A_DAY = 24


def parse_timespan(text: str) -> timedelta:
    """The duration that `text` says; ValueError when it is none.

    As .NET does (and the timer documentation warns): when the first of three parts is 24 or more, the parts are
    days, hours and minutes, so `24:00:00` is 24 days. https://learn.microsoft.com/azure/azure-functions/functions-bindings-timer
    """
    match = _PATTERN.fullmatch(text.strip())
    if match is None:
        msg = f"{text!r} is not a time span: write hh:mm:ss or d.hh:mm:ss"
        raise ValueError(msg)
    days, first, minutes = int(match["days"] or 0), int(match["first"]), int(match["minutes"])
    seconds = float(match["seconds"] or 0)
    if first < _HOURS_A_DAY:
        return timedelta(days=days, hours=first, minutes=minutes, seconds=seconds)
    if match["days"] or minutes >= _HOURS_A_DAY or seconds != int(seconds):
        msg = f"{text!r} is not a time span: its hours are {_HOURS_A_DAY} or more"
        raise ValueError(msg)
    return timedelta(days=first, hours=minutes, minutes=int(seconds))
