"""A process that fetches and validates slices of candidates: one event loop for the network, one thread for pixels."""

import asyncio
import gc
import os
import resource
import signal
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from queue import Empty, SimpleQueue
from typing import Protocol

from builder.errors import DifferentBuildError
from builder.fetcher import Fetcher
from builder.journal import Journal
from builder.rows import Candidate, Fetched, ImageRow
from builder.spec import ImageSpec
from builder.validate_shard import image_row
from builder.work import Delta, Finished, Slice, Trouble, WorkerOptions

_TELL_SECONDS = 0.1
_OPEN_FILES = 65_536

_COLLECTED_AFTER = 20_000
"""Objects made, before the young ones are looked through: rows make many, and no circles."""


class Place(Protocol):
    """Two numbers shared with the parent: slice number of the process's own counting, and index; -1 when idle."""

    def __setitem__(self, index: int, value: int, /) -> None:
        """Set one of them."""


@dataclass
class _Open:
    """A slice under way."""

    ordinal: int
    journal: Journal
    left: int


class _Worker:
    def __init__(self, parent: Connection, options: WorkerOptions, place: Place) -> None:
        self._parent = parent
        self._options = options
        self._place = place
        self._bodies: SimpleQueue[tuple[_Open, int, Fetched, bytes]] = SimpleQueue()
        # Bodies that are on their way or wait for validation: twice as many as requests, so that neither side idles.
        self._room = asyncio.Semaphore(2 * options.limits.concurrency)
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()
        self._untold: dict[tuple[str, int], Journal] = {}  # slices with rows that the parent has not heard of
        self._bytes = 0
        self._sending = threading.Lock()

    async def run(self) -> None:
        """Work until the parent closes its end."""
        closed = asyncio.Event()
        slices: asyncio.Queue[tuple[int, Slice]] = asyncio.Queue()

        def heard() -> None:
            try:
                slices.put_nowait(self._parent.recv())
            except (EOFError, OSError):
                self._loop.remove_reader(self._parent.fileno())
                closed.set()

        self._loop.add_reader(self._parent.fileno(), heard)
        pixels = threading.Thread(target=self._validate_all, name="pixels", daemon=True)
        pixels.start()
        options = self._options
        async with Fetcher(options.limits, options.guard, options.manners, ca_file=options.ca_file) as fetcher:
            self._tasks.add(asyncio.create_task(self._serve(slices, fetcher)))
            await closed.wait()
            # The parent has what it wants, or is gone: what is under way is in no journal, and is fetched next time.
            os._exit(0)

    async def _serve(self, slices: "asyncio.Queue[tuple[int, Slice]]", fetcher: Fetcher) -> None:
        while True:
            ordinal, work = await slices.get()
            try:
                self._start(ordinal, work, fetcher)
            except DifferentBuildError as error:
                self._send(Trouble(str(error), different=True))
            except OSError as error:
                self._send(Trouble(f"cannot write below {self._options.root}: {error}"))
            except Exception as error:  # noqa: BLE001 - a task's exception would be heard by nobody
                self._send(Trouble(f"unexpected fault with a slice: {type(error).__name__}: {error}"))

    def _start(self, ordinal: int, work: Slice, fetcher: Fetcher) -> None:
        take_down = self._options.manners.take_down
        journal = Journal(self._options.root, work.slug, work.number, take_down.entry_for_row if take_down else None)
        for index, url in journal.done.items():
            if index >= len(work.candidates) or work.candidates[index].url != url:
                msg = (
                    f"slice {work.number} of {work.slug} was begun with other URLs than it has now: the list has "
                    "changed. Choose another folder, or go on with the list of then (new lines belong at its end)"
                )
                raise DifferentBuildError(msg)
        for index in work.crashes:
            if index not in journal.done:
                journal.add(index, _crashed(journal.key(index), work.candidates[index]), None)
        if journal.verdicts:
            self._send(Delta(work.slug, work.number, dict(journal.verdicts), 0))
        todo = [index for index in range(len(work.candidates)) if index not in journal.done]
        slice_open = _Open(ordinal, journal, len(todo))
        if not todo:
            self._finish(slice_open)
        for index in todo:
            task = asyncio.create_task(self._fetch(slice_open, index, work.candidates[index], fetcher))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _fetch(self, slice_open: _Open, index: int, candidate: Candidate, fetcher: Fetcher) -> None:
        try:
            fetched, body = await fetcher.fetch(candidate, room=self._room)
        except Exception as error:  # noqa: BLE001 - nobody would hear of it, and the slice would never be finished
            self._send(Trouble(f"unexpected fault while fetching {candidate.url}: {type(error).__name__}: {error}"))
            return
        self._bodies.put((slice_open, index, fetched, body))

    def _validate_all(self) -> None:
        """The thread for pixels: validate body after body, write journals, tell the parent."""
        told = time.monotonic()
        freed = 0
        options = self._options
        try:
            while True:
                try:
                    slice_open, index, fetched, body = self._bodies.get(timeout=_TELL_SECONDS if self._untold else None)
                except Empty:  # all is waiting for the network
                    self._tell()
                    continue
                self._place[1], self._place[0] = index, slice_open.ordinal
                row, image = image_row(
                    slice_open.journal.key(index), fetched, body, options.image, turned=options.turned
                )
                self._place[0] = -1
                slice_open.journal.add(index, row, image)
                slice_open.left -= 1
                self._untold[slice_open.journal.slug, slice_open.journal.number] = slice_open.journal
                self._bytes += len(body)
                freed += bool(body)
                # Waking the loop costs as much as a small request: it is told of many bodies at a time.
                if freed and (freed >= options.limits.concurrency or self._bodies.empty()):
                    self._loop.call_soon_threadsafe(self._free, freed)
                    freed = 0
                if slice_open.left == 0:
                    self._tell()
                    self._finish(slice_open)
                if time.monotonic() - told > _TELL_SECONDS:
                    self._tell()
                    told = time.monotonic()
        except OSError as error:
            self._send(Trouble(f"cannot write below {options.root}: {error}"))
        except Exception as error:  # noqa: BLE001 - a thread's exception would end nothing but the thread
            self._send(Trouble(f"unexpected fault while validating: {type(error).__name__}: {error}"))

    def _free(self, bodies: int) -> None:
        for _ in range(bodies):
            self._room.release()

    def _finish(self, slice_open: _Open) -> None:
        slice_open.journal.close(complete=True)
        self._send(Finished(slice_open.journal.slug, slice_open.journal.number))

    def _tell(self) -> None:
        for (slug, number), journal in self._untold.items():
            self._send(Delta(slug, number, dict(journal.verdicts), self._bytes))
            self._bytes = 0
        self._untold.clear()

    def _send(self, message: Delta | Finished | Trouble) -> None:
        with self._sending:
            try:
                self._parent.send(message)
            except OSError:
                os._exit(0)  # nobody listens any more


def _crashed(key: str, candidate: Candidate) -> ImageRow:
    fetched = Fetched(candidate=candidate, detail="the process that decoded it died or never came back, twice")
    row, _ = image_row(key, fetched, None, ImageSpec())
    return row.model_copy(update={"verdict": "rejected", "reason": "damaged", "detail": fetched.detail})


def _allow_many_files() -> None:
    """As many open files as connections may need: failing for want of them would be told of the sites."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, _OPEN_FILES)
    if soft not in {resource.RLIM_INFINITY, wanted} and soft < wanted:
        with suppress(OSError, ValueError):  # some systems allow less than they say
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def main(parent: Connection, options: WorkerOptions, place: Place) -> None:
    """What the process runs. Ctrl-C is for the parent, which closes the pipe."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _allow_many_files()
    gc.freeze()
    gc.set_threshold(_COLLECTED_AFTER)

    async def run() -> None:
        await _Worker(parent, options, place).run()

    asyncio.run(run())
