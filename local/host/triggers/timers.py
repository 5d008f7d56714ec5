"""Timer triggers: call a function on its schedule, and know after a restart whether an occurrence was missed."""

import asyncio
import contextlib
import json
import logging
from datetime import UTC, datetime

from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.storage.blob.aio import ContainerClient

from local.host.functions import Function
from local.host.invocation import Invoker, Jobs
from local.host.storage import Storage
from local.host.triggers.schedules import parse_schedule
from local.host.triggers.values import timer_value

_LOG = logging.getLogger(__name__)
# The loop's clock and the wall clock may drift apart: waking up a little early would give the same occurrence twice.
_LATE_SECONDS = 0.01


class TimerListener:
    """The clock of one timer function; its status is the blob `timers/{host id}/{function}/status` of the host."""

    def __init__(self, function: Function, invoker: Invoker, jobs: Jobs, storage: Storage, *, host_id: str) -> None:
        self._function, self._invoker, self._jobs, self._storage = function, invoker, jobs, storage
        self._schedule = parse_schedule(function.trigger.text("schedule") or "")
        properties = function.trigger.properties
        self._on_startup = bool(properties.get("runOnStartup"))
        self._monitored = properties.get("useMonitor") is not False and not self._schedule.is_frequent()
        self._name = f"timers/{host_id}/{function.id}/status"
        self._status: dict[str, str] = {}
        self._hosts: ContainerClient | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Read the status and start the clock; call at once if asked for, or if an occurrence was missed."""
        if self._monitored:
            self._hosts = await self._storage.hosts_container()
            with contextlib.suppress(ResourceNotFoundError):
                download = await self._hosts.download_blob(self._name)
                self._status = json.loads(await download.readall())
        missed = "Next" in self._status and datetime.fromisoformat(self._status["Next"]) < datetime.now(UTC)
        self._task = asyncio.create_task(self._run(at_once=missed or self._on_startup, missed=missed))

    async def stop(self) -> None:
        """Stop the clock; a call that is running goes on."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def run_by_hand(self, _: str) -> None:
        """Call the function now, beside its schedule."""
        self._jobs.start(self._call(missed=False))

    async def _run(self, *, at_once: bool, missed: bool) -> None:
        if at_once:
            await self._occur(missed=missed)
        while True:
            now = datetime.now(UTC)
            due = self._schedule.next_after(now)
            await self._save(Next=due)
            await asyncio.sleep((due - now).total_seconds() + _LATE_SECONDS)
            await self._occur(missed=False)

    async def _occur(self, *, missed: bool) -> None:
        start = datetime.now(UTC)
        await asyncio.shield(self._jobs.start(self._call(missed=missed)))
        await self._save(Last=start)  # only now: an occurrence that dies with the host was missed

    async def _call(self, *, missed: bool) -> None:
        with contextlib.suppress(Exception):  # the invoker has logged it; the next occurrence comes as scheduled
            await self._invoker.invoke(self._function, timer_value(past_due=missed, status=self._status))

    async def _save(self, **times: datetime) -> None:
        self._status |= {name: moment.isoformat() for name, moment in times.items()}
        self._status["LastUpdated"] = datetime.now(UTC).isoformat()
        if self._hosts:
            try:
                await self._hosts.upload_blob(self._name, json.dumps(self._status).encode(), overwrite=True)
            except AzureError as error:  # the clock goes on; the next occurrence is written down again
                _LOG.warning("the status of a timer was not kept", extra={"timer": self._name, "error": str(error)})
