"""Calls functions: asynchronous ones on the loop, synchronous ones in a pool of threads; one log line for each call."""

import asyncio
import contextvars
import json
import logging
import time
import uuid
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import structlog

from local.host import meter
from local.host.context import HostRetryContext, HostTraceContext, InvocationContext
from local.host.errors import SettingError
from local.host.functions import Function

_LOG = logging.getLogger("local.host")


class Invoker:
    """Runs the functions of one app; `durable_client` is the value of their durable client bindings."""

    def __init__(self, settings: Mapping[str, str], *, timeout: timedelta | None, durable_client: Mapping[str, str]):
        self._threads = ThreadPoolExecutor(_thread_count(settings), thread_name_prefix="function")
        self._timeout = None if timeout is None else timeout.total_seconds()
        self._durable_client = durable_client

    async def invoke(
        self,
        function: Function,
        value: object,
        *,
        trace: HostTraceContext | None = None,
        retry: HostRetryContext | None = None,
        deliver: Callable[[object], Awaitable[None]] | None = None,
    ) -> object:
        """Call `function` with `value` for its trigger parameter and return what it returns; its exceptions pass.

        `deliver`, if given, gets the result first; the invocation ends, well or not, when it does.
        """
        invocation = InvocationContext(
            id=str(uuid.uuid4()),
            name=function.name,
            directory=str(function.directory),
            trace=trace or HostTraceContext(),
            retry=retry or HostRetryContext(),
        )
        arguments = self._arguments(function, value, invocation)
        bound = structlog.contextvars.bound_contextvars(function=function.name, invocation_id=invocation.id)
        with bound, meter.invoked(function.name):
            start = time.perf_counter()
            try:
                async with asyncio.timeout(self._timeout):
                    result = await self._call(function, arguments, invocation)
                if deliver:
                    await deliver(result)
            except asyncio.CancelledError:
                _log(logging.WARNING, "cancelled", start)
                raise
            except Exception:
                _log(logging.ERROR, "failed", start, exc_info=True)
                raise
            _log(logging.INFO, "succeeded", start)
            return result

    def close(self) -> None:
        """Take no more synchronous functions; running ones cannot be stopped and are not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _arguments(self, function: Function, value: object, invocation: InvocationContext) -> dict[str, object]:
        arguments: dict[str, object] = {function.trigger.name: value}
        for binding in function.bindings:
            if binding.type == "durableClient":
                hub = binding.text("taskHub")
                arguments[binding.name] = json.dumps({**self._durable_client, **({"taskHubName": hub} if hub else {})})
        if function.wants_context:
            arguments["context"] = invocation
        return arguments

    async def _call(self, function: Function, arguments: dict[str, object], invocation: InvocationContext) -> object:
        if function.is_async:
            result: object = await function.call(**arguments)
            return result
        context = contextvars.copy_context()

        def run() -> object:
            invocation.thread_local_storage.invocation_id = invocation.id
            try:
                return function.call(**arguments)
            finally:
                invocation.thread_local_storage.invocation_id = None

        return await asyncio.get_running_loop().run_in_executor(self._threads, lambda: context.run(run))


class Jobs:
    """Work in progress that a clean end waits for."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Run `work` beside everything else; what it raises is logged, as nobody waits for it."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    async def drain(self, grace: float) -> None:
        """Wait until all work is done, at most `grace` seconds; then cancel what is left and wait for that."""
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=grace)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            _LOG.error("a job of the host failed", exc_info=error)


def _log(level: int, outcome: str, start: float, *, exc_info: bool = False) -> None:
    milliseconds = round((time.perf_counter() - start) * 1000, 1)
    _LOG.log(level, "invocation", extra={"outcome": outcome, "duration_ms": milliseconds}, exc_info=exc_info)


def _thread_count(settings: Mapping[str, str]) -> int | None:
    """PYTHON_THREADPOOL_THREAD_COUNT; None leaves the choice to Python, as in the Python worker."""
    text = settings.get("PYTHON_THREADPOOL_THREAD_COUNT")
    if not text:
        return None
    if not text.isdecimal() or int(text) < 1:
        msg = f"PYTHON_THREADPOOL_THREAD_COUNT is {text!r}: set it to a number of at least 1"
        raise SettingError(msg)
    return int(text)
