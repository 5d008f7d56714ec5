"""What was recorded, read back through OpenTelemetry's SDK."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader

from shared.telemetry import metrics

Recorded = Callable[[], dict[tuple[Any, ...], float]]
"""(metric, label values in their order) -> the sum, the last value, or how often a histogram was recorded."""


def without_cost(counted: dict[tuple[Any, ...], float]) -> dict[tuple[Any, ...], float]:
    """Without what was paid for: steps ask the stores."""
    return {names: value for names, value in counted.items() if names[0] != metrics.COST.name}


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorded]:
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader], shutdown_on_exit=False)
    monkeypatch.setattr("opentelemetry.metrics.get_meter", provider.get_meter)
    metrics._instrument.cache_clear()
    labels = {one.name: one.labels for one in metrics.METRICS}

    def read() -> dict[tuple[Any, ...], float]:
        data = reader.get_metrics_data()
        return {
            (metric.name, *((point.attributes or {})[name] for name in labels[metric.name])): point.count
            if isinstance(point, HistogramDataPoint)
            else point.value  # type: ignore[union-attr]
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
            for point in metric.data.data_points
        }

    yield read
    metrics._instrument.cache_clear()
    provider.shutdown()
