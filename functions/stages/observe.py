"""A stage: trace context, one log line and metrics of every request."""

import logging
import re
import time
from typing import TYPE_CHECKING

from opentelemetry.trace import SpanKind, StatusCode
from starlette.requests import Request
from starlette.responses import Response

from shared.telemetry import export, metrics, trace
from shared.telemetry.fields import bind, scope

if TYPE_CHECKING:
    from functions.operations import Operation
    from functions.stages import Proceed

log = logging.getLogger(__name__)

_ID = re.compile(r"[0-9a-f]{32}")
_GONE, _LIMITED, _FAILED = 499, 429, 500


async def stage(operation: "Operation", request: Request, proceed: "Proceed") -> Response:
    """Go on with the caller's trace, or begin one; the answer names it in `traceparent` and `x-request-id`.

    The time is that until the answer's head is ready: a stream goes on after it.
    """
    route = f"/api/{operation.path}"
    known = {
        "http.request.method": operation.method,
        "http.route": route,
        "url.scheme": str(request.scope.get("scheme", "http")),
    }
    export.start()
    begun = time.perf_counter()
    with (
        scope(operation=operation.name, route=route, dataset=_dataset(request)),
        trace.span(
            f"{operation.method} {route}", request.headers.get("traceparent"), kind=SpanKind.SERVER, attributes=known
        ) as span,
    ):
        status = _GONE  # the work is cancelled when nobody waits for the answer any more
        try:
            response = await proceed()
            status = response.status_code
        finally:
            seconds = round(time.perf_counter() - begun, 4)
            span.set_attribute("http.response.status_code", status)
            if status >= _FAILED:
                span.set_status(StatusCode.ERROR)
            metrics.REQUESTS.record(seconds, {**known, "http.response.status_code": status})
            metrics.executed(seconds)
            if status == _LIMITED:
                metrics.REFUSALS.record(1, {"http.route": route})
            told = {"method": operation.method, "status": status, "seconds": seconds}
            log.info("%s %s: %d", operation.method, route, status, extra=told)
        found = trace.ids()
        if found is not None:
            response.headers["x-request-id"] = found[0]
            response.headers["traceparent"] = trace.traceparent() or ""
        return response


async def identified(_: "Operation", request: Request, proceed: "Proceed") -> Response:
    """A stage that stands after identification: log lines tell whose request it is."""
    principal = getattr(request.state, "principal", None)
    if principal is not None:
        bind(tenant=principal.tenant)
    return await proceed()


def _dataset(request: Request) -> str | None:
    """The dataset in the path, if what stands there can be one: the rest is anybody's text."""
    text = str(request.path_params.get("dataset", ""))
    return text if _ID.fullmatch(text) else None
