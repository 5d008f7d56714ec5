"""Work spread over processes: results in order, memory bounded, and whoever kills its process dies alone."""

import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import batched, islice

BATCH = 16
"""Items that travel together: what handing over costs is then little beside any real work on them."""
_BATCHES_AHEAD = 3
"""Per process: one in hand, one waiting, one on its way back."""


def spread[T, R](
    work: Callable[[T], R],
    items: Iterable[T],
    processes: int,
    *,
    lost: Callable[[T], R],
    batch: int = BATCH,
    preload: Sequence[str] = (),
) -> Iterator[R]:
    """`work(item)` for every item, in order, done by `processes` processes; with one, or when a single batch is all
    there is, in this process.

    `work` must be picklable, as must items and results. Items are asked for as they are needed: some batches per
    process are held. When a process dies (killed for its memory, a fault in a decoder), the items it may have had are
    tried again one at a time, and `lost(item)` stands for those that do it again. An
    exception from `work` is raised here. Ctrl-C reaches only this process, which ends the others.

    Processes are forked off a server ("forkserver") that has imported the modules of `preload`: once, not per process.
    """
    batches = batched(items, batch, strict=False)
    first = list(islice(batches, 2))
    if processes == 1 or len(first) < 2:  # noqa: PLR2004 - the second tells that there are more
        for some in first:
            yield from map(work, some)
        for some in batches:
            yield from map(work, some)
        return
    multiprocessing.get_context("forkserver").set_forkserver_preload(list(preload))
    waiting: deque[tuple[T, ...]] = deque(first)
    while waiting:
        try:
            with _pool(processes) as pool:
                yield from _through(pool, work, batches, waiting, processes * _BATCHES_AHEAD)
        except BrokenProcessPool:
            yield from _one_by_one(work, [item for some in waiting for item in some], lost)
            waiting.clear()
            waiting.extend(islice(batches, 1))


def _through[T, R](
    pool: ProcessPoolExecutor,
    work: Callable[[T], R],
    batches: Iterator[tuple[T, ...]],
    waiting: deque[tuple[T, ...]],
    ahead: int,
) -> Iterator[R]:
    """Results of the batches that wait, then of all others; what has no result yet is in `waiting` at any time."""
    under_way: deque[Future[list[R]]] = deque(_submit(pool, work, some) for some in waiting)
    while waiting:
        while len(waiting) < ahead and (some := next(batches, None)) is not None:
            waiting.append(some)
            under_way.append(_submit(pool, work, some))
        results = under_way.popleft().result()
        waiting.popleft()
        yield from results


def _submit[T, R](pool: ProcessPoolExecutor, work: Callable[[T], R], some: tuple[T, ...]) -> "Future[list[R]]":
    with _deaf():
        return pool.submit(_each, work, some)


def _each[T, R](work: Callable[[T], R], some: tuple[T, ...]) -> list[R]:
    return [work(item) for item in some]


def _one_by_one[T, R](work: Callable[[T], R], items: list[T], lost: Callable[[T], R]) -> Iterator[R]:
    """Results of items of which one kills its process: a single process has them in turn, until it dies of one."""
    left = deque(items)
    while left:
        try:
            with _pool(1) as pool:
                while left:
                    result = _submit(pool, work, (left[0],)).result()[0]
                    left.popleft()
                    yield result
        except BrokenProcessPool:
            yield lost(left.popleft())


@contextmanager
def _pool(processes: int) -> Iterator[ProcessPoolExecutor]:
    pool = ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("forkserver"))
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _deaf() -> Iterator[None]:
    """Processes started within do not hear Ctrl-C, which a terminal sends to all: they inherit what is blocked."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
