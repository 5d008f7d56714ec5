"""Worker processes and the slices they work on: started once, fed evenly, replaced when one dies."""

import signal
import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Self

from builder import forks
from builder.errors import DifferentBuildError, WorkerLostError
from builder.work import Delta, Finished, Slice, Trouble, WorkerOptions

_IN_HAND = 1_024
"""Candidates of one worker without a row: while some wait for slow hosts or another try, there must be others to do."""

_MOST_OPEN = 64
"""Slices of one worker: each holds two files open."""

_MOST_DEATHS = 20
_DECODE_SECONDS = 120.0
"""How long a worker may be at one picture. The largest that are let in take some ten seconds."""

_LONGEST_LOOK = 1.0
"""Seconds that pass between two looks at the workers, at most: when it was more, all of us were asleep."""

_DEATHS_THAT_CONVICT = 2


def _work(parent: Connection, options: WorkerOptions, place: Any) -> None:
    from builder.worker import main  # what it is built on is imported in the workers' own server only

    main(parent, options, place)


@dataclass
class _Member:
    """A worker process, and what it has in hand: by ordinal."""

    process: BaseProcess
    pipe: Connection
    place: Any  # two numbers of shared memory: ordinal and index of what it decodes, -1 when nothing
    open: dict[int, Slice] = field(default_factory=dict)
    settled: dict[tuple[str, int], int] = field(default_factory=dict)  # candidates with a row, by slice
    at: tuple[int, int] = (-1, -1)  # its place at the last look
    at_it: float = 0.0  # seconds that it has been there

    def in_hand(self) -> int:
        """How many of its candidates have no row yet."""
        return sum(len(work.candidates) - self.settled.get((work.slug, work.number), 0) for work in self.open.values())


class Pool:
    """Workers for one build. Use it as a context manager: its end closes the pipes, at which workers exit.

    Processes are forked off a server that has imported the worker once ("forkserver"): that costs the imports once,
    not per process, and is safe where the caller has threads.
    """

    def __init__(self, options: list[WorkerOptions], *, decode_seconds: float = _DECODE_SECONDS) -> None:
        self._options = options
        self._decode_seconds = decode_seconds
        self._looked = time.monotonic()
        self._context = forks.context()
        self._members: list[_Member] = []
        self._waiting: deque[Slice] = deque()
        self._ordinal = 0
        self._deaths: Counter[tuple[str, int, int]] = Counter()
        self._lost = 0

    def __enter__(self) -> Self:
        # Processes inherit what is blocked: Ctrl-C is for this one alone, also while they start.
        resource_tracker.ensure_running()  # which would unblock it
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self._members = [self._start(options) for options in self._options]
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return self

    def __exit__(self, *_: object) -> None:
        for member in self._members:
            member.pipe.close()
        for member in self._members:
            member.process.join(2)
            if member.process.is_alive():
                member.process.kill()
                member.process.join()

    def _start(self, options: WorkerOptions) -> _Member:
        mine, its = self._context.Pipe()
        place = self._context.RawArray("q", [-1, -1])
        process = self._context.Process(target=_work, args=(its, options, place), daemon=True)
        process.start()
        its.close()
        return _Member(process, mine, place)

    @property
    def backlog(self) -> int:
        """Slices that wait for a worker to take them."""
        return len(self._waiting)

    @property
    def idle(self) -> bool:
        """Whether there is nothing under way and nothing waiting."""
        return not self._waiting and not any(member.open for member in self._members)

    def submit(self, work: Slice) -> None:
        """Have a slice worked on as soon as a worker has room for it."""
        self._waiting.append(work)
        self._feed()

    def _feed(self) -> None:
        """Give waiting slices to whoever has the least in hand."""
        while self._waiting:
            member = min(self._members, key=_Member.in_hand)
            if member.in_hand() >= _IN_HAND or len(member.open) >= _MOST_OPEN:
                return
            self._ordinal += 1
            member.open[self._ordinal] = self._waiting.popleft()
            try:
                member.pipe.send((self._ordinal, member.open[self._ordinal]))
            except OSError:
                return  # it has died: `wait` will see it, and give its slices to another

    def wait(self, timeout: float) -> Iterator[Delta | Finished]:
        """What workers have to tell, waiting at most `timeout` seconds for it.

        Raises WorkerLostError when workers keep dying or cannot write, DifferentBuildError when a journal is of other
        URLs.
        """
        ready = wait([member.pipe for member in self._members], timeout)
        self._end_the_lost()
        for number, member in enumerate(self._members):
            if member.pipe in ready:
                yield from self._heard(number, member)

    def _end_the_lost(self) -> None:
        """Kill workers whose decoder does not come back; `wait` then hears that they died."""
        now = time.monotonic()
        passed = min(now - self._looked, _LONGEST_LOOK)
        self._looked = now
        for member in self._members:
            at = (member.place[0], member.place[1])
            member.at_it = member.at_it + passed if at == member.at and at[0] >= 0 else 0.0
            member.at = at
            if member.at_it > self._decode_seconds:
                member.process.kill()

    def _heard(self, number: int, member: _Member) -> Iterator[Delta | Finished]:
        try:
            message: Delta | Finished | Trouble = member.pipe.recv()
        except (EOFError, OSError):
            self._replace(number, member)
            return
        match message:
            case Trouble():
                raise (DifferentBuildError if message.different else WorkerLostError)(message.message)
            case Delta():
                member.settled[message.slug, message.number] = sum(message.verdicts.values())
                self._feed()
            case Finished():
                done = (message.slug, message.number)
                member.settled.pop(done, None)
                member.open = {k: work for k, work in member.open.items() if (work.slug, work.number) != done}
                self._feed()
        yield message

    def _replace(self, number: int, member: _Member) -> None:
        """Start another worker in the place of one that died, with the same slices.

        The candidate that it was decoding is tried once more, and then marked as what it is.
        """
        member.pipe.close()
        member.process.join()
        self._lost += 1
        if self._lost > _MOST_DEATHS:
            msg = (
                f"worker processes keep dying (exit code {member.process.exitcode}; -9 may mean that memory ran out): "
                "use fewer processes or a lower max_pixels. What is done is kept: the same command goes on from there"
            )
            raise WorkerLostError(msg)
        ordinal, index = member.place[0], member.place[1]
        if ordinal in member.open:
            work = member.open[ordinal]
            self._deaths[work.slug, work.number, index] += 1
            if self._deaths[work.slug, work.number, index] >= _DEATHS_THAT_CONVICT:
                member.open[ordinal] = replace(work, crashes=(*work.crashes, index))
        self._waiting.extendleft(reversed(member.open.values()))
        self._members[number] = self._start(self._options[number])
        self._feed()
