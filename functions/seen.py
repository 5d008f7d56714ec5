"""Makes activities and triggers seen: a span in the trace they belong to, a log line, how long they took.

`@seen` stands directly above the function, below what binds it, and `@told_at_once` above that where it is needed.
Orchestrators are left out: they run again at every replay.
"""

import asyncio
import inspect
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from typing import Any

from opentelemetry.trace import SpanKind

from shared.telemetry import export, metrics
from shared.telemetry.fields import scope
from shared.telemetry.trace import span

log = logging.getLogger(__name__)

_SEND_SECONDS = 5.0


def seen[F: Callable[..., Any]](function: F) -> F:
    """Wrap an activity (its input is a task with a `traceparent`) or a trigger (a blob may have one as metadata)."""
    name = function.__name__
    if inspect.iscoroutinefunction(function):

        @wraps(function)
        async def run_async(*args: Any, **kwargs: Any) -> Any:
            with _work(name, (*args, *kwargs.values())):
                return await function(*args, **kwargs)

        run: Any = run_async
    else:

        @wraps(function)
        def run_sync(*args: Any, **kwargs: Any) -> Any:
            with _work(name, (*args, *kwargs.values())):
                return function(*args, **kwargs)

        run = run_sync
    run.seen = True
    return run  # type: ignore[no-any-return]  # it is what it wraps


def told_at_once[F: Callable[..., Any]](function: F) -> F:
    """Wrap a trigger that is seen and that somebody is told of: its metrics are sent when it ends, for an instance that
    was started for it alone may be gone before the next export."""

    @wraps(function)
    async def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return await function(*args, **kwargs)
        finally:
            await asyncio.to_thread(export.flush, _SEND_SECONDS)

    return run  # type: ignore[return-value]  # it is what it wraps


@contextmanager
def _work(name: str, given: tuple[Any, ...]) -> Iterator[None]:
    task: Mapping[str, Any] = next((one for one in given if isinstance(one, Mapping)), {})
    carried = next((one.metadata for one in given if isinstance(getattr(one, "metadata", None), Mapping)), task)
    export.start()
    begun = time.perf_counter()
    outcome = "failed"
    parent = carried.get("traceparent")
    with (
        scope(operation=name, tenant=task.get("owner"), dataset=task.get("dataset"), label=task.get("label")),
        span(name, str(parent) if parent else None, kind=SpanKind.CONSUMER),
    ):
        try:
            yield
            outcome = "done"
        except Exception as error:
            log.exception("%s failed: %s", name, type(error).__name__, extra={"seconds": _since(begun)})
            raise
        finally:
            seconds = _since(begun)
            metrics.STEPS.record(seconds, {"step": name, "outcome": outcome})
            metrics.executed(seconds)
        log.info("%s done", name, extra={"seconds": seconds})


def _since(begun: float) -> float:
    return round(time.perf_counter() - begun, 4)
