"""Spans with W3C trace context (https://www.w3.org/TR/trace-context/), through OpenTelemetry's API.

Without the SDK nothing is recorded, and yet every piece of work has a trace id, handed on from request to
orchestration, activity and trigger: that is what finds the log lines that belong together.
"""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.context import get_current
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, SpanKind, TraceFlags
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import AttributeValue

_tracer = trace.get_tracer("pixcrawler")
_propagator = TraceContextTextMapPropagator()


@contextmanager
def span(
    name: str,
    parent: str | None,
    *,
    kind: SpanKind = SpanKind.INTERNAL,
    attributes: Mapping[str, AttributeValue] | None = None,
) -> Iterator[Span]:
    """Work as a span below `parent`, a `traceparent`; without a valid one, below what is current, or in a new trace.

    Exceptions mark it as failed by their type; their messages may hold what must not leave.
    """
    context = _propagator.extract({"traceparent": parent or ""}, get_current())
    given = trace.get_current_span(context).get_span_context()
    started = _tracer.start_span(name, context=context, kind=kind, attributes=attributes)
    if started.get_span_context().span_id in {given.span_id, 0}:  # no SDK: the API hands the parent on as it is
        started = NonRecordingSpan(_below(given))
    with trace.use_span(started, end_on_exit=True, record_exception=False, set_status_on_exception=False):
        try:
            yield started
        except Exception as error:
            started.set_attribute("error.type", type(error).__name__)
            started.set_status(trace.StatusCode.ERROR)
            raise


def _below(given: SpanContext) -> SpanContext:
    """A span of its own in the given trace, or in a new one."""
    return SpanContext(
        given.trace_id or int.from_bytes(secrets.token_bytes(16)) or 1,
        int.from_bytes(secrets.token_bytes(8)) or 1,
        is_remote=False,
        trace_flags=given.trace_flags if given.is_valid else TraceFlags(TraceFlags.SAMPLED),
    )


def ids() -> tuple[str, str] | None:
    """Trace id (32 hex digits) and span id (16) of the work under way, None outside of any."""
    current = trace.get_current_span().get_span_context()
    return (f"{current.trace_id:032x}", f"{current.span_id:016x}") if current.is_valid else None


def traceparent() -> str | None:
    """The work under way as a `traceparent`, for whoever goes on with it."""
    current = trace.get_current_span().get_span_context()
    found = ids()
    return f"00-{found[0]}-{found[1]}-{current.trace_flags:02x}" if found else None
