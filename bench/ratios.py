"""Ratios of runs: paired by round, so that what disturbs the machine disturbs both sides; the median counts."""

import statistics
from collections.abc import Callable, Sequence

from bench.results import Criterion, Round, Run

Quantity = Callable[[Run], float]


def items_per_second(run: Run) -> float:
    """What was asked for, by wall time."""
    return run.items / run.wall_seconds


def images_per_second(run: Run) -> float:
    """What was written, by wall time."""
    return (run.images or 0) / run.wall_seconds


def seconds(run: Run) -> float:
    """Wall time."""
    return run.wall_seconds


def peak(run: Run) -> float:
    """Peak memory, bytes."""
    return float(run.peak_bytes)


def peak_gibibytes(run: Run) -> float:
    """Peak memory, GiB."""
    return run.peak_bytes / (1 << 30)


def of_rounds(rounds: Sequence[Round], quantity: Quantity, above: str, below: str | None) -> tuple[float, ...]:
    """`quantity` of contestant `above` over that of `below` (None: over one), one ratio for each round."""
    return tuple(quantity(each[above]) / (quantity(each[below]) if below else 1.0) for each in rounds)


def middle(criterion: Criterion) -> float:
    """The median of the ratios."""
    return statistics.median(criterion.ratios)


def met(criterion: Criterion) -> bool:
    """Whether the median reaches the aim."""
    value = middle(criterion)
    return value >= criterion.aim if criterion.at_least else value <= criterion.aim


def spread(criterion: Criterion) -> tuple[float, float]:
    """The smallest and the largest ratio."""
    return min(criterion.ratios), max(criterion.ratios)
