import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.settings import Settings
from shared.telemetry import export
from shared.telemetry.export import is_on
from tests.ingestion import KEY, Ingestion, listening

ROOT = Path(__file__).parents[3]
PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
WORK = f"""
from opentelemetry import metrics, trace
from shared.telemetry import export
from shared.telemetry.metrics import BUILDS, IMAGES
from shared.telemetry.trace import span

export.start()
export.start()
assert export.wait(60)
IMAGES.record(7, {{"stage": "fetched"}})
BUILDS.record(3, {{"state": "building"}})
try:
    with span("work", "{PARENT}", attributes={{"http.route": "/x"}}):
        raise ValueError("s3cret")
except ValueError:
    pass
export.flush(10)
export.flush(10)
trace.get_tracer_provider().force_flush()
"""


@pytest.fixture
def ingestion() -> Iterator[Ingestion]:
    """A stand-in for both, and what it received."""
    with listening() as taking:
        yield taking


def test_metrics_and_spans_reach_azure_monitor_and_a_collector(ingestion: Ingestion) -> None:
    received = ingestion.received
    env = {
        **os.environ,
        "APPLICATIONINSIGHTS_CONNECTION_STRING": ingestion.connection_string,
        "OTEL_EXPORTER_OTLP_ENDPOINT": ingestion.url,
        "PIXCRAWLER_TELEMETRY": "auto",
    }
    done = subprocess.run([sys.executable, "-c", WORK], cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert {path for path, _ in received} == {"/v2.1/track", "/v1/metrics", "/v1/traces"}, done.stderr
    envelopes = ingestion.envelopes()
    assert {one["iKey"] for one in envelopes} == {KEY}
    found = [one["data"]["baseData"] for one in envelopes if one["data"]["baseType"] == "MetricData"]
    [images] = [one for one in found if one["metrics"][0]["name"] == "pixcrawler.images"]
    assert (images["metrics"][0]["value"], images["properties"]["stage"]) == (7, "fetched")
    [builds] = [one for one in found if one["metrics"][0]["name"] == "pixcrawler.builds"]
    assert builds["metrics"][0]["value"] == 3, "a look is told once: who tells it again and again seems to look"
    [work] = [one for one in envelopes if one["data"]["baseType"] == "RemoteDependencyData"]
    assert work["tags"]["ai.operation.id"] == PARENT.split("-")[1]
    assert work["tags"]["ai.operation.parentId"] == PARENT.split("-")[2]
    assert work["data"]["baseData"]["success"] is False
    assert not any(b"s3cret" in body for _, body in received)
    assert any(b"pixcrawler.images" in body for path, body in received if path == "/v1/metrics")
    assert any(bytes.fromhex(PARENT.split("-")[1]) in body for path, body in received if path == "/v1/traces")


class Hanging:
    """A reader whose exporter waits for an answer that does not come."""

    def __init__(self) -> None:
        self.asked, self.answered = threading.Event(), threading.Event()
        self.threads = 0

    def force_flush(self) -> None:
        self.threads += 1
        self.asked.set()
        self.answered.wait(60)

    def answer(self) -> None:
        """Answer, and wait until everybody who waited for it has gone."""
        self.answered.set()
        for thread in threading.enumerate():
            if thread.name == "flush":
                thread.join(10)


def test_nobody_waits_longer_for_what_is_sent_than_he_says(monkeypatch: pytest.MonkeyPatch) -> None:
    hanging = Hanging()
    monkeypatch.setattr(export, "_senders", [hanging])
    export.flush(0.01)
    assert hanging.asked.wait(5)
    assert not hanging.answered.is_set()
    hanging.answer()


def test_an_exporter_that_hangs_gathers_no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    hanging = Hanging()
    monkeypatch.setattr(export, "_senders", [hanging])
    for _ in range(5):
        export.flush(0.01)
    assert hanging.asked.wait(5)
    hanging.answer()
    export.flush(5)
    assert hanging.threads == 3, "one sends, one waits; the last found room"


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, False),
        ({"PIXCRAWLER_TELEMETRY": "console"}, True),
        ({"PIXCRAWLER_TELEMETRY": "prometheus"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c"}, True),
        ({"APPLICATIONINSIGHTS_CONNECTION_STRING": f"InstrumentationKey={KEY}"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "PIXCRAWLER_TELEMETRY": "off"}, False),
    ],
)
def test_nothing_is_exported_unless_it_is_asked_for(
    environment: dict[str, str], expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert is_on(Settings()) is expected
