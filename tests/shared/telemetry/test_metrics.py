import re
from pathlib import Path

import pytest

from shared.telemetry import metrics
from shared.telemetry.metrics import METRICS, Metric
from tests.shared.telemetry.reading import Recorded, recorded

__all__ = ["recorded"]

DOCS = Path(__file__).parents[3] / "docs" / "observability.md"
_ROW = re.compile(r"\| `([a-z.]+)` \| (counter|gauge|histogram) \| `([^`]+)` \| (.*?) \| (.+) \|")


def test_the_docs_tell_of_every_metric_and_of_no_other() -> None:
    rows = [match.groups() for line in DOCS.read_text().splitlines() if (match := _ROW.fullmatch(line))]
    labels = [", ".join(f"`{label}`" for label in one.labels) for one in METRICS]
    told = [(one.name, one.kind, one.unit, label, one.description) for one, label in zip(METRICS, labels, strict=True)]
    assert rows == told


def test_every_metric_of_the_module_is_listed() -> None:
    assert [one for one in vars(metrics).values() if isinstance(one, Metric)] == list(METRICS)


@pytest.mark.parametrize("metric", METRICS, ids=lambda one: one.name)
def test_what_is_recorded_can_be_read(metric: Metric, recorded: Recorded) -> None:
    labels = dict.fromkeys(metric.labels, "x")
    metric.record(2, labels)
    metric.record(3, labels)
    expected = {"counter": 5, "gauge": 3, "histogram": 2}[metric.kind]
    assert recorded() == {(metric.name, *labels.values()): expected}


def test_other_labels_are_refused() -> None:
    with pytest.raises(ValueError, match="stage"):
        metrics.IMAGES.record(1, {"dataset": "d"})


def test_nothing_is_no_count(recorded: Recorded) -> None:
    metrics.IMAGES.record(0, {"stage": "accepted"})
    assert recorded() == {}
