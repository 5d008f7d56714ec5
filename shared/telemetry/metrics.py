"""The app's metrics, as OpenTelemetry instruments; without an SDK (`shared.telemetry.export`) recording does nothing.

They are recorded in handlers, activities and steps, never in orchestrators, which run again at every replay. Labels
have few values: no tenant, no dataset, no address is one. What happens again after a failure counts again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from opentelemetry.metrics import Counter, Histogram, Meter
    from opentelemetry.metrics import _Gauge as Gauge

Kind = Literal["counter", "gauge", "histogram"]

METER = "pixcrawler"


@dataclass(frozen=True, slots=True)
class Metric:
    """One instrument. `unit` is of UCUM, `buckets` are a histogram's bounds in that unit."""

    name: str
    kind: Kind
    unit: str
    description: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] | None = None

    def record(self, amount: float, labels: Mapping[str, str | int] | None = None) -> None:
        """Count `amount` more, or say that it is `amount` now; ValueError when the labels are not the metric's."""
        given = labels or {}
        if set(given) != set(self.labels):
            msg = f"{self.name} has the labels {self.labels}, not {tuple(given)}"
            raise ValueError(msg)
        instrument = _instrument(self)
        if self.kind == "counter":
            if amount:
                instrument.add(amount, given)  # type: ignore[union-attr]  # the kind says which
        elif self.kind == "gauge":
            instrument.set(amount, given)  # type: ignore[union-attr]
        else:
            instrument.record(amount, given)  # type: ignore[union-attr]


@cache
def _instrument(metric: Metric) -> "Counter | Gauge | Histogram":
    from opentelemetry.metrics import get_meter

    meter: Meter = get_meter(METER)
    name, unit, description = metric.name, metric.unit, metric.description
    if metric.kind == "counter":
        return meter.create_counter(name, unit, description)
    if metric.kind == "gauge":
        return meter.create_gauge(name, unit, description)
    return meter.create_histogram(name, unit, description, explicit_bucket_boundaries_advisory=metric.buckets)


_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
"""As the semantic conventions for HTTP advise."""

REQUESTS = Metric(
    "http.server.request.duration",
    "histogram",
    "s",
    "Requests to the API until the answer's head is ready.",
    ("http.request.method", "http.route", "http.response.status_code", "url.scheme"),
    _SECONDS,
)
REFUSALS = Metric("pixcrawler.refusals", "counter", "{request}", "Requests refused for a limit (429).", ("http.route",))
STEPS = Metric(
    "pixcrawler.step.duration",
    "histogram",
    "s",
    "Runs of activities and triggers.",
    ("step", "outcome"),
    (*_SECONDS, 30, 60, 120, 300, 600),
)
IMAGES = Metric(
    "pixcrawler.images",
    "counter",
    "{image}",
    "Images that came through a stage: fetched, validated (looked at), accepted.",
    ("stage",),
)
REJECTIONS = Metric(
    "pixcrawler.rejections", "counter", "{image}", "Candidates lost in fetching or validation.", ("reason",)
)
DUPLICATES = Metric("pixcrawler.duplicates", "counter", "{image}", "Images found to be copies of others.", ("reason",))
ENGINE_ERRORS = Metric(
    "pixcrawler.engine.errors",
    "counter",
    "{error}",
    "Rounds of searching in which an engine failed: not lists, nor what is not configured.",
    ("engine", "kind"),
)
ENGINE_CANDIDATES = Metric(
    "pixcrawler.engine.candidates", "counter", "{candidate}", "Candidates that a source gave.", ("engine",)
)
SHARDS = Metric("pixcrawler.shards", "counter", "{shard}", "Shards fetched, validated, given up.", ("state",))
COST = Metric(
    "pixcrawler.cost",
    "counter",
    "{unit}",
    "What is paid for: executions of functions (without orchestrators), their seconds, bytes downloaded, requests to "
    "storage by kind, request units of the database.",
    ("unit",),
)
QUEUE_AGE = Metric(
    "pixcrawler.queue.age", "gauge", "s", "Age of the oldest raw shard of a running build that is not validated."
)
BUILDS = Metric("pixcrawler.builds", "gauge", "{dataset}", "Datasets in a state.", ("state",))
BUILDS_ENDED = Metric(
    "pixcrawler.builds.ended",
    "counter",
    "{build}",
    "Builds that came to an end by themselves: ready, incomplete, failed; lost, and started again.",
    ("state",),
)

METRICS: tuple[Metric, ...] = (
    REQUESTS, REFUSALS, STEPS, IMAGES, REJECTIONS, DUPLICATES, ENGINE_ERRORS, ENGINE_CANDIDATES, SHARDS, COST,
    QUEUE_AGE, BUILDS, BUILDS_ENDED,
)  # fmt: skip


def executed(seconds: float) -> None:
    """Count one execution of a function that took so long."""
    COST.record(1, {"unit": "execution"})
    COST.record(seconds, {"unit": "second"})
