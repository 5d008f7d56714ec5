"""What was measured of the API."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import quantiles

BUSY, QUIET = "building", "quiet"


@dataclass(frozen=True, slots=True)
class Load:
    """One kind of request by so many clients at once; times are in seconds, of requests that were answered well.

    `faults` counts the others by status or by what happened to the connection.
    """

    asked: str
    phase: str
    clients: int
    requests: int
    faults: Mapping[str, int]
    wall_seconds: float
    p50: float
    p99: float

    @property
    def errors(self) -> int:
        """Requests that were not answered well."""
        return sum(self.faults.values())

    @property
    def per_second(self) -> float:
        """Good answers per second."""
        return (self.requests - self.errors) / self.wall_seconds


@dataclass(frozen=True, slots=True)
class Memory:
    """PSS of the app's process in bytes: before the first request that counts, and after equal parts of them."""

    requests: int
    looks: tuple[int, ...]

    @property
    def growth(self) -> float:
        """From the first look to the last, as a share of the first."""
        return self.looks[-1] / self.looks[0] - 1


def p50_and_p99(seconds: Sequence[float]) -> tuple[float, float]:
    """The two percentiles; of a single time that itself, of none NaN."""
    if len(seconds) < 2:  # noqa: PLR2004
        only = seconds[0] if seconds else float("nan")
        return only, only
    found = quantiles(seconds, n=100, method="inclusive")
    return found[49], found[98]
