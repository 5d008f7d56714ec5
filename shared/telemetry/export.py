"""Where metrics and spans go: Azure Monitor, an OTLP collector, Prometheus, the console; nowhere unless configured.

The SDK and its exporters cost a second of a cold start, so they are imported beside the first work of a process, and
not at all where nothing is configured. What is recorded until then is not exported.
"""

import logging
import os
import threading
import time
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from shared.settings import Settings, settings

if TYPE_CHECKING:
    from opentelemetry.sdk.metrics.export import MetricExporter, MetricReader, PeriodicExportingMetricReader
    from opentelemetry.sdk.trace.export import SpanExporter

log = logging.getLogger(__name__)

_begun = threading.Lock()
_ready = threading.Event()
_senders: "list[PeriodicExportingMetricReader]" = []
"""What sends metrics away, once a minute."""
_sending = threading.BoundedSemaphore(2)
"""One flush that sends, and one that has what was recorded since: an exporter that hangs gathers no more threads."""


def is_on(config: Settings) -> bool:
    """Whether anything is configured."""
    remote = config.application_insights is not None or bool(config.otlp_endpoint)
    return config.telemetry in {"console", "prometheus"} or (config.telemetry == "auto" and remote)


def start() -> None:
    """Begin to export, once in a process; without waiting, unless this is a machine that people look at."""
    config = settings()
    if not is_on(config) or not _begun.acquire(blocking=False):
        return
    if config.telemetry == "auto":
        threading.Thread(target=_start, args=(config,), name="telemetry", daemon=True).start()
    else:
        _start(config)


def wait(seconds: float) -> bool:
    """Wait until what is recorded is exported; False when it is not by then, or never will be."""
    return is_on(settings()) and _ready.wait(seconds)


def flush(seconds: float) -> None:
    """Send the metrics recorded until now, and wait for that at most so long.

    For what somebody must be told of: an instance that has nothing more to do may be gone before the next export.
    """
    until = time.monotonic() + seconds
    if _senders and _sending.acquire(timeout=seconds):
        sending = threading.Thread(target=_flush, name="flush", daemon=True)  # an exporter may hang for minutes
        sending.start()
        sending.join(max(0.0, until - time.monotonic()))


def _flush() -> None:
    try:
        for sender in _senders:
            try:
                sender.force_flush()
            except Exception:  # they are sent again with what comes next, or are lost
                log.exception("metrics cannot be sent")
    finally:
        _sending.release()


def _start(config: Settings) -> None:
    try:
        set_up(config)
    except Exception:  # an app that cannot be watched still works
        log.exception("metrics and traces cannot be exported")
    else:
        _ready.set()


def set_up(config: Settings) -> None:
    """Give OpenTelemetry's API its SDK, with the exporters that are configured."""
    from opentelemetry import metrics, trace
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    resource = Resource.create({"service.name": "pixcrawler"})
    readers = _readers(config)
    metrics.set_meter_provider(MeterProvider(readers, resource))
    _senders.extend(one for one in readers if isinstance(one, PeriodicExportingMetricReader))
    exporters = _span_exporters(config)
    if exporters:
        provider = TracerProvider(resource=resource)
        for exporter in exporters:
            provider.add_span_processor(BatchSpanProcessor(exporter))
        trace.set_tracer_provider(provider)


def _readers(config: Settings) -> "list[MetricReader]":
    from opentelemetry.sdk.metrics.export import ConsoleMetricExporter, PeriodicExportingMetricReader

    readers: list[MetricReader] = []
    if config.telemetry == "prometheus":
        from opentelemetry.exporter.prometheus import PrometheusMetricReader

        readers.append(PrometheusMetricReader())
    if config.telemetry == "console":
        readers.append(PeriodicExportingMetricReader(ConsoleMetricExporter()))
    if config.application_insights is not None:
        readers.append(PeriodicExportingMetricReader(_azure_metrics(config.application_insights)))
    if config.otlp_endpoint:
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter

        readers.append(PeriodicExportingMetricReader(OTLPMetricExporter()))
    return readers


def _azure_metrics(connection: SecretStr) -> "MetricExporter":
    """Azure Monitor's exporter, which tells a gauge once for each look and not again every minute.

    Otherwise an instance that looked once would tell that for as long as it lives: nobody would see that the timer no
    longer runs, and where the next look is another instance's, what was long ago would be told beside what is.
    """
    from azure.monitor.opentelemetry.exporter import AzureMonitorMetricExporter
    from opentelemetry.sdk.metrics import Counter, Histogram, ObservableCounter
    from opentelemetry.sdk.metrics import _Gauge as Gauge
    from opentelemetry.sdk.metrics.export import AggregationTemporality, MetricExporter

    exporter = AzureMonitorMetricExporter(**_azure(connection))
    kinds: tuple[type, ...] = (Counter, Histogram, ObservableCounter, Gauge)
    once = dict.fromkeys(kinds, AggregationTemporality.DELTA)
    MetricExporter.__init__(exporter, preferred_temporality=once)  # the exporter's own has no argument for it
    return exporter


def _span_exporters(config: Settings) -> "list[SpanExporter]":
    from opentelemetry.sdk.trace.export import ConsoleSpanExporter

    exporters: list[SpanExporter] = []
    if config.telemetry == "console":
        exporters.append(ConsoleSpanExporter())
    if config.application_insights is not None:
        from azure.monitor.opentelemetry.exporter import AzureMonitorTraceExporter

        exporters.append(AzureMonitorTraceExporter(**_azure(config.application_insights)))
    if config.otlp_endpoint:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        exporters.append(OTLPSpanExporter())
    return exporters


def _azure(connection: SecretStr) -> dict[str, Any]:
    """Arguments of Azure Monitor's exporters; identity comes from APPLICATIONINSIGHTS_AUTHENTICATION_STRING, if set.

    Nothing is kept on disk, and the exporter neither tells Microsoft about itself nor takes settings from there.
    """
    os.environ.setdefault("APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL", "true")
    os.environ.setdefault("APPLICATIONINSIGHTS_CONTROLPLANE_DISABLED", "true")
    return {"connection_string": connection.get_secret_value(), "disable_offline_storage": True}
