"""Timer schedules: six-field NCRONTAB expressions and time spans; all times are UTC.

https://learn.microsoft.com/azure/azure-functions/functions-bindings-timer#ncrontab-expressions
"""

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import override

from cronsim import CronSim, CronSimError

from local.host.errors import UnsupportedFeatureError
from local.host.timespan import parse_timespan

_FIELDS = 6
_VALUE = r"(\d+|[A-Z]{3,})"
_ITEM = rf"(\*|{_VALUE}(-{_VALUE})?)(/\d+)?"
_FIELD = re.compile(f"{_ITEM}(,{_ITEM})*")
_DAYS = ("SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY")
_MONTHS = ("JANUARY", "FEBRUARY", "MARCH", "APRIL", "MAY", "JUNE", "JULY")
_MORE_MONTHS = ("AUGUST", "SEPTEMBER", "OCTOBER", "NOVEMBER", "DECEMBER")
_SHORT = {name: name[:3] for name in (*_DAYS, *_MONTHS, *_MORE_MONTHS)}


class Schedule(ABC):
    """When a timer is due."""

    @abstractmethod
    def next_after(self, moment: datetime) -> datetime:
        """The first occurrence after `moment` (aware, UTC)."""

    @abstractmethod
    def is_frequent(self) -> bool:
        """Whether it occurs more often than once a minute: such schedules are not kept over a restart."""


@dataclass(frozen=True)
class Cron(Schedule):
    """`second minute hour day month day-of-week`."""

    expression: str

    @override
    def next_after(self, moment: datetime) -> datetime:
        occurrences = CronSim(self.expression, moment.astimezone(UTC))
        occurrences.day_and = True  # NCrontab wants day and day of the week to match, where cron takes either
        return next(occurrences)

    @override
    def is_frequent(self) -> bool:
        first = self.next_after(datetime(2000, 1, 1, tzinfo=UTC))
        return self.next_after(first) - first < timedelta(minutes=1)


@dataclass(frozen=True)
class Interval(Schedule):
    """The same time between any two occurrences."""

    length: timedelta

    @override
    def next_after(self, moment: datetime) -> datetime:
        return moment + self.length

    @override
    def is_frequent(self) -> bool:
        return self.length < timedelta(minutes=1)


def parse_schedule(text: str) -> Schedule:
    """Parse a timer's `schedule`; UnsupportedFeatureError says what is wrong with it.

    A five-field expression gets the second 0, as in the real host.
    """
    try:
        return _interval(text) if len(text.split()) == 1 else _cron(text)
    except (ValueError, CronSimError, StopIteration) as error:
        reason = str(error) or "it never occurs"
        msg = f"the schedule {text!r} cannot be used: {reason}"
        raise UnsupportedFeatureError(msg) from error


def _interval(text: str) -> Interval:
    length = parse_timespan(text)
    if length <= timedelta(0):
        msg = "a timer needs some time between two occurrences"
        raise ValueError(msg)
    return Interval(length)


def _cron(text: str) -> Cron:
    fields = text.upper().split()
    if len(fields) == _FIELDS - 1:
        fields.insert(0, "0")
    if len(fields) != _FIELDS or not all(_FIELD.fullmatch(field) for field in fields):
        msg = "write six fields: second minute hour day month day-of-week"
        raise ValueError(msg)
    expression = re.sub("[A-Z]{4,}", lambda name: _SHORT.get(name[0], name[0]), " ".join(fields))
    schedule = Cron(expression)
    schedule.next_after(datetime(2000, 1, 1, tzinfo=UTC))  # raises when it never occurs
    return schedule
