"""One simulated build: real orchestrators, a simulated clock, so many workers."""

import json
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import durabletask.internal.orchestrator_service_pb2 as pb
from durabletask.internal.helpers import new_failure_details

from bench.errors import BenchError
from bench.simulate.assumptions import Assumptions, Settings, Workload
from bench.simulate.clock import Clock, Gate
from bench.simulate.hub import SimulatedHub
from bench.simulate.model import Model
from bench.simulate.orchestrators import Orchestrators
from bench.simulate.tally import ACTIVITY, TIMER, Tally, messages
from functions.build import shard_event

DATASET, OWNER = "0" * 32, "1" * 32
TRACE = f"00-{'2' * 32}-{'3' * 16}-01"


@dataclass(frozen=True)
class Measured:
    """What came of it. Times in simulated seconds, `took` in real ones."""

    workload: Workload
    workers: int
    state: str
    images: int
    candidates: int
    wall: float
    collected: float  # when the last label had what it wanted
    busy: float  # share of the workers' time until then
    tally: Tally
    took: float

    @property
    def actions_per_image(self) -> float:
        """Durable actions."""
        return self.tally.actions.total() / max(self.images, 1)


class Pool:
    """So many that do one thing at a time each, in the order in which things come."""

    def __init__(self, clock: Clock, size: int) -> None:
        self._clock, self._free = clock, size
        self._waiting: deque[Callable[[], float]] = deque()
        self.seconds = 0.0

    def do(self, begin: Callable[[], float]) -> None:
        """Have it begun, which tells how long it takes."""
        self._waiting.append(begin)
        self._next()

    def _next(self) -> None:
        while self._free and self._waiting:
            self._free -= 1
            seconds = self._waiting.popleft()()
            self.seconds += seconds
            self._clock.call_at(self._clock.time + seconds, self._ended)

    def _ended(self) -> None:
        self._free += 1
        self._next()


class Build:
    """A build under way."""

    def __init__(
        self, workload: Workload, workers: int, settings: Settings, given: Assumptions, *, replay: bool = False
    ) -> None:
        self._clock = Clock()
        self._hub = SimulatedHub(self._clock, whole=replay)
        self._model = Model(workload, settings, given)
        self._orchestrators = Orchestrators(replay=replay)
        self._scheduler, self._database = Gate(given.actions_per_second), Gate(given.units_per_second)
        self._workers, self._validators = Pool(self._clock, workers), Pool(self._clock, workers)
        self._workload, self._count, self._given = workload, workers, given
        self._tally = Tally()
        self._failed: set[str] = set()
        self._collected = self._busy = self._end = 0.0

    def run(self) -> Measured:
        """Go to the end. BenchError when the build does not end."""
        started = time.perf_counter()
        self._hub.begin(
            "build_dataset", DATASET, json.dumps({"owner": OWNER, "dataset": DATASET, "traceparent": TRACE})
        )
        self._give_out()
        while self._clock.step():
            self._give_out()
        self._orchestrators.close()
        ended = self._hub.instance(DATASET)
        if ended.status != pb.ORCHESTRATION_STATUS_COMPLETED:
            msg = f"the simulated build stands still: {ended.failure_details or ended.status}; see what it waits for"
            raise BenchError(msg)
        return Measured(
            workload=self._workload,
            workers=self._count,
            state=json.loads(ended.output or "null"),
            images=self._model.kept(),
            candidates=self._model.candidates(),
            wall=self._end,
            collected=self._collected,
            busy=self._busy,
            tally=self._tally,
            took=time.perf_counter() - started,
        )

    def _give_out(self) -> None:
        for item in self._hub.work():
            if item.HasField("orchestratorRequest"):
                self._turn(item.orchestratorRequest, item.completionToken)
            else:
                self._start(item.activityRequest, item.completionToken)

    def _turn(self, request: pb.OrchestratorRequest, token: str) -> None:
        kinds = messages(request.newEvents)
        at = self._scheduler.passes(self._clock.time, len(kinds))
        self._tally.act(at, kinds)
        response = self._orchestrators.turn(request)
        response.completionToken = token
        self._tally.act(at, [TIMER for action in response.actions if action.HasField("createTimer")])
        name, history = self._hub.instance(request.instanceId).name, self._hub.extents[request.instanceId]
        self._tally.turn(name, history, request, response)

        def decided() -> None:
            self._hub.decided(response)
            if request.instanceId == DATASET:
                self._end = self._clock.time

        self._clock.call_at(at + self._given.turn_seconds, decided)

    def _start(self, request: pb.ActivityRequest, token: str) -> None:
        at = self._scheduler.passes(self._clock.time, 1)
        self._tally.act(at, [ACTIVITY])
        self._clock.call_at(at, lambda: self._workers.do(lambda: self._work(request, token)))

    def _work(self, request: pb.ActivityRequest, token: str) -> float:
        task = json.loads(request.input.value)
        if request.name == "deduplicate":
            self._collected = self._clock.time
            self._busy = self._workers.seconds / (self._count * self._clock.time)
        instance = request.orchestrationInstance.instanceId
        response = pb.ActivityResponse(instanceId=instance, taskId=request.taskId, completionToken=token)
        late = [shard for shard in task.get("numbers", ()) if not self._model.is_validated(task["label"], shard)]
        answer, seconds = self._model.answer(request.name, task)
        if late:
            seconds = max(self._written() for _ in late) - self._clock.time
        if request.name == "fetch_shards" and self._model.fails(task) and request.input.value not in self._failed:
            self._failed.add(request.input.value)
            response.failureDetails.CopyFrom(new_failure_details(ConnectionError("storage was away")))
        else:
            response.result.value = json.dumps(answer)
            self._tally.carried(f"{request.name}: output", response.result.value)
            if request.name == "fetch_shards":
                self._clock.call_at(self._clock.time + seconds, lambda: self._fetched(task))
        self._clock.call_at(self._clock.time + seconds, lambda: self._hub.done(response))
        return seconds

    def _fetched(self, task: dict[str, Any]) -> None:
        for shard in range(task["first"], task["first"] + task["count"]):
            validate = partial(self._validate, task["label"], shard, task["instance"])
            begin = partial(self._validators.do, validate)
            self._clock.call_at(self._clock.time + self._given.event_seconds, begin)

    def _written(self) -> float:
        """When a shard whose validation begins now has its document."""
        return self._database.passes(self._clock.time + self._given.validate_seconds, self._given.shard_units)

    def _validate(self, label: str, shard: int, instance: str) -> float:
        if self._model.is_lost(label, shard) or self._model.is_validated(label, shard):
            return 0.0
        written = self._written()

        def validated() -> None:
            self._model.validated(label, shard)
            self._hub.tell(instance, shard_event(label, shard))

        self._clock.call_at(written, validated)
        return written - self._clock.time
