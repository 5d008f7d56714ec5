"""Work on one thing that is asked for at the same moment, done together: one batch at a time, with all that waits."""

import asyncio
from collections.abc import Callable, Sequence
from contextvars import Context


class Together[W]:
    """Hands requests for a thing to `work`, those that come while it is busy as one batch.

    `work(thing, wanted)` runs in a thread and gives an outcome for each of `wanted`: None, or what is to be raised. A
    failure of `work` is raised by all of the batch. Who stops waiting does not stop the work.
    """

    def __init__(self, work: Callable[[str, Sequence[W]], Sequence[Exception | None]]) -> None:
        self._work = work
        self._waiting: dict[tuple[asyncio.AbstractEventLoop, str], list[tuple[W, asyncio.Future[None]]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()  # the loop itself keeps no hold of its tasks

    async def do(self, thing: str, wanted: W) -> None:
        """Have it done; raises what `work` says of it."""
        loop = asyncio.get_running_loop()
        mine: asyncio.Future[None] = loop.create_future()
        busy = self._waiting.get((loop, thing))
        if busy is not None:
            busy.append((wanted, mine))
        else:
            self._waiting[loop, thing] = [(wanted, mine)]
            task = loop.create_task(self._work_off(loop, thing), context=Context())  # nobody's: nor is its trace
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        await mine

    async def _work_off(self, loop: asyncio.AbstractEventLoop, thing: str) -> None:
        waiting = self._waiting[loop, thing]
        try:
            while waiting:
                batch = list(waiting)
                waiting.clear()
                _tell([mine for _, mine in batch], await self._outcomes(thing, [wanted for wanted, _ in batch]))
        finally:
            del self._waiting[loop, thing]

    async def _outcomes(self, thing: str, wanted: Sequence[W]) -> Sequence[Exception | None]:
        try:
            return await asyncio.to_thread(self._work, thing, wanted)
        except Exception as error:  # noqa: BLE001 (raised by those who wait)
            return [error] * len(wanted)


def _tell(waiting: Sequence[asyncio.Future[None]], outcomes: Sequence[Exception | None]) -> None:
    for mine, outcome in zip(waiting, outcomes, strict=True):
        if mine.done():  # it does not wait any more
            continue
        if outcome is None:
            mine.set_result(None)
        else:
            mine.set_exception(outcome)
