import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import azure.durable_functions as df
import azure.functions as func
import pytest
from durabletask.client import AsyncTaskHubGrpcClient, OrchestrationState, OrchestrationStatus
from durabletask.task import RetryPolicy, when_all, when_any
from starlette.requests import Request
from starlette.responses import JSONResponse

from local.host.config import DurableSection
from local.host.durable.hub import TaskHub
from local.host.durable.work import DurableWorker, durable_functions
from local.host.errors import PortTakenError
from local.host.functions import read_functions
from local.host.invocation import Invoker, Jobs
from local.processes import free_port
from tests.local.host.support import PATIENCE_SECONDS, eventually, serve, soon

type Steps = Generator[Any, Any, Any]


class Runner:
    """Starts orchestrations through the durable client that the host gives to a function."""

    def __init__(self, client: df.DurableFunctionsClient) -> None:
        self.client = client

    async def start(self, name: str, value: object = None, instance: str | None = None) -> str:
        return await self.client.schedule_new_orchestration(name, input=value, instance_id=instance)

    async def finish(self, instance: str) -> OrchestrationState:
        state = await self.client.wait_for_orchestration_completion(instance, timeout=PATIENCE_SECONDS)
        assert state
        return state

    async def run(self, name: str, value: object = None) -> Any:
        state = await self.finish(await self.start(name, value))
        assert state.runtime_status is OrchestrationStatus.COMPLETED, state.failure_details
        return json.loads(state.serialized_output or "null")


@asynccontextmanager
async def running(app: df.DFApp, directory: Path, **options: Any) -> AsyncIterator[Runner]:
    """A host that serves `app`; the durable client comes out of an HTTP function of it."""
    given: asyncio.Queue[df.DurableFunctionsClient] = asyncio.Queue()
    done = asyncio.Event()

    @app.route("client", auth_level=func.AuthLevel.ANONYMOUS)
    @app.durable_client_input(client_name="client")
    async def lend(req: Request, client: df.DurableFunctionsClient) -> JSONResponse:
        await given.put(client)
        await done.wait()
        return JSONResponse({})

    async with serve(app, directory, **options) as http:
        lending = asyncio.create_task(http.get("/api/client"))
        try:
            yield Runner(await soon(given.get()))
        finally:
            done.set()
            await lending


def new_app() -> df.DFApp:
    app = df.DFApp()

    @app.activity_trigger(input_name="number")
    async def double(number: int) -> int:
        return 2 * number

    @app.activity_trigger(input_name="number")
    def double_in_a_thread(number: int) -> int:
        return 2 * number

    return app


async def test_activities_of_both_kinds_and_their_json(tmp_path: Path) -> None:
    app = new_app()

    @app.activity_trigger(input_name="value")
    async def same(value: Any) -> Any:
        return value

    @app.orchestration_trigger(context_name="context")
    def orchestrate(context: Any, value: Any) -> Steps:
        first = yield context.call_activity("double", input=value["n"])
        second = yield context.call_activity("double_in_a_thread", input=first)
        rest = yield when_all([context.call_activity("same", input=x) for x in (None, "ü", 1.5, [1], {"a": None})])
        nothing = yield context.call_activity("same")
        return [second, rest, nothing]

    async with running(app, tmp_path) as runner:
        assert await runner.run("orchestrate", {"n": 3}) == [12, [None, "ü", 1.5, [1], {"a": None}], None]


async def test_old_style_orchestrators_too(tmp_path: Path) -> None:
    app = new_app()

    trigger: Any = app.orchestration_trigger  # its type leaves out the one-argument style of version 1

    def orchestrate(context: Any) -> Steps:
        return (yield context.call_activity("double", context.get_input()))

    trigger(context_name="context", orchestration="Renamed")(orchestrate)

    async with running(app, tmp_path) as runner:
        assert await runner.run("renamed", 4) == 8


async def test_a_failure_says_its_type_and_message(tmp_path: Path) -> None:
    app = new_app()

    @app.activity_trigger(input_name="kind")
    async def fail(kind: str) -> None:
        if kind == "silent":
            raise ValueError
        if kind == "unserializable":
            return object()  # type: ignore[return-value]  # on purpose
        msg = "out of luck"
        raise ValueError(msg)

    @app.orchestration_trigger(context_name="context")
    def orchestrate(context: Any, kind: str) -> Steps:
        return (yield context.call_activity(kind if kind == "missing" else "fail", input=kind))

    async with running(app, tmp_path) as runner:
        for kind, expected in (
            ("loud", "out of luck"),
            ("silent", "ValueError"),
            ("unserializable", "json serializable"),
            ("missing", "the app has no activity missing"),
        ):
            state = await runner.finish(await runner.start("orchestrate", kind))
            assert state.runtime_status is OrchestrationStatus.FAILED, kind
            assert state.failure_details
            assert expected in state.failure_details.message
        state = await runner.finish(await runner.start("nowhere"))
        assert state.failure_details
        assert "the app has no orchestrator nowhere" in state.failure_details.message


async def test_retry_policies(tmp_path: Path) -> None:
    app = new_app()
    tries: list[float] = []

    @app.activity_trigger(input_name="good_try")
    async def flaky(good_try: int) -> int:
        tries.append(time.monotonic())
        if len(tries) < good_try:
            msg = "not yet"
            raise ConnectionError(msg)
        return len(tries)

    @app.orchestration_trigger(context_name="context")
    def orchestrate(context: Any, good_try: int) -> Steps:
        policy = RetryPolicy(first_retry_interval=timedelta(seconds=0.05), max_number_of_attempts=3)
        return (yield context.call_activity("flaky", input=good_try, retry_policy=policy))

    async with running(app, tmp_path) as runner:
        assert await runner.run("orchestrate", 3) == 3
        assert tries[2] - tries[0] >= 0.1
        tries.clear()
        state = await runner.finish(await runner.start("orchestrate", 9))
        assert state.runtime_status is OrchestrationStatus.FAILED
        assert len(tries) == 3


async def test_sub_orchestrations_and_their_failures(tmp_path: Path) -> None:
    app = new_app()

    @app.orchestration_trigger(context_name="context")
    def child(context: Any, number: int) -> Steps:
        if number < 0:
            msg = "negative"
            raise ValueError(msg)
        return (yield context.call_activity("double", input=number))

    @app.orchestration_trigger(context_name="context")
    def parent(context: Any, count: int) -> Steps:
        values = yield when_all([context.call_sub_orchestrator("child", input=n) for n in range(count)])
        try:
            yield context.call_sub_orchestrator("child", input=-1)
        except Exception as error:  # noqa: BLE001 - its text is what is tested
            return [sum(values), "negative" in str(error)]

    async with running(app, tmp_path) as runner:
        assert await runner.run("parent", 10) == [90, True]


async def test_no_thread_waits_for_a_sub_orchestration(tmp_path: Path) -> None:
    app = new_app()

    @app.orchestration_trigger(context_name="context")
    def child(context: Any, number: int) -> Steps:
        yield context.wait_for_external_event("go")
        return number

    @app.orchestration_trigger(context_name="context")
    def parent(context: Any, count: int) -> Steps:
        children = [context.call_sub_orchestrator("child", input=n, instance_id=f"child-{n}") for n in range(count)]
        return (yield when_all(children))

    async with running(app, tmp_path) as runner:
        before = threading.active_count()
        instance = await runner.start("parent", 50)
        for number in range(50):
            await runner.client.wait_for_orchestration_start(f"child-{number}", timeout=PATIENCE_SECONDS)
        assert threading.active_count() - before < 50
        for number in range(50):
            await runner.client.raise_orchestration_event(f"child-{number}", "go")
        state = await runner.finish(instance)
        assert json.loads(state.serialized_output or "null") == list(range(50))


async def test_timers_events_and_whichever_comes_first(tmp_path: Path) -> None:
    app = new_app()

    @app.orchestration_trigger(context_name="context")
    def race(context: Any, seconds: float) -> Steps:
        event = context.wait_for_external_event("go")
        timer = context.create_timer(timedelta(seconds=seconds))
        winner = yield when_any([event, timer])
        return "timer" if winner is timer else event.get_result()

    async with running(app, tmp_path) as runner:
        start = time.monotonic()
        assert await runner.run("race", 0.2) == "timer"
        assert time.monotonic() - start >= 0.2
        instance = await runner.start("race", 3600)
        await runner.client.raise_orchestration_event(instance, "go", data={"n": 1})
        assert json.loads((await runner.finish(instance)).serialized_output or "") == {"n": 1}


async def test_terminate_reaches_children_when_asked_to(tmp_path: Path) -> None:
    app = new_app()
    children: asyncio.Queue[str] = asyncio.Queue()

    @app.activity_trigger(input_name="instance")
    async def tell(instance: str) -> None:
        await children.put(instance)

    @app.orchestration_trigger(context_name="context")
    def child(context: Any, _: None) -> Steps:
        yield context.call_activity("tell", input=context.instance_id)
        yield context.wait_for_external_event("never")

    @app.orchestration_trigger(context_name="context")
    def parent(context: Any, _: None) -> Steps:
        yield context.call_sub_orchestrator("child")

    async with running(app, tmp_path) as runner:
        instance = await runner.start("parent")
        child_instance = await soon(children.get())
        await runner.client.terminate_orchestration(instance, output="enough", recursive=True)
        assert (await runner.finish(instance)).runtime_status is OrchestrationStatus.TERMINATED
        assert (await runner.finish(child_instance)).runtime_status is OrchestrationStatus.TERMINATED


async def test_suspend_and_resume(tmp_path: Path) -> None:
    app = new_app()

    @app.orchestration_trigger(context_name="context")
    def patient(context: Any, _: None) -> Steps:
        return (yield context.wait_for_external_event("go"))

    async with running(app, tmp_path) as runner:
        instance = await runner.start("patient")
        await runner.client.wait_for_orchestration_start(instance, timeout=PATIENCE_SECONDS)
        await runner.client.suspend_orchestration(instance)

        async def suspended() -> bool:
            state = await runner.client.get_orchestration_state(instance)
            return state is not None and state.runtime_status is OrchestrationStatus.SUSPENDED

        await eventually(suspended)
        await runner.client.raise_orchestration_event(instance, "go", data=1)
        assert await suspended()
        await runner.client.resume_orchestration(instance)
        assert (await runner.finish(instance)).runtime_status is OrchestrationStatus.COMPLETED


async def test_continue_as_new_is_not_met_by_what_was_before(tmp_path: Path) -> None:
    app = new_app()
    go_on, late = asyncio.Event(), asyncio.Event()

    @app.activity_trigger(input_name="round_number")
    async def work(round_number: int) -> str:
        if round_number == 1:
            await go_on.wait()  # its result comes when round 2 waits for its own
            late.set()
            return "from round 1"
        go_on.set()
        await late.wait()
        await asyncio.sleep(0.3)  # long enough for round 1's result and timer to arrive first
        return "from round 2"

    @app.orchestration_trigger(context_name="context")
    def rounds(context: Any, number: int) -> Steps:
        result = context.call_activity("work", input=number)
        if number == 1:
            timer = context.create_timer(timedelta(seconds=0.2))
            yield context.create_timer(timedelta(0))
            assert not timer.is_complete
            context.continue_as_new(2)
            return None
        other = context.call_activity("work", input=number)  # has the number of the timer of round 1
        return (yield when_all([result, other]))

    async with running(app, tmp_path) as runner:
        assert await runner.run("rounds", 1) == ["from round 2", "from round 2"]


async def test_a_result_after_the_end_starts_nothing(tmp_path: Path) -> None:
    app = new_app()
    release, replays = asyncio.Event(), list[bool]()

    @app.activity_trigger(input_name="_")
    async def slow(_: None) -> None:
        await release.wait()

    @app.orchestration_trigger(context_name="context")
    def impatient(context: Any, __: None) -> Steps:
        replays.append(context.is_replaying)
        slow_task = context.call_activity("slow")
        quick_task = context.call_activity("double", input=1)
        yield when_any([slow_task, quick_task])
        return "done"

    async with running(app, tmp_path) as runner:
        instance = await runner.start("impatient")
        await runner.finish(instance)
        before = len(replays)
        release.set()
        assert await runner.run("impatient") == "done"
        state = await runner.client.get_orchestration_state(instance)
        assert state
        assert state.runtime_status is OrchestrationStatus.COMPLETED
        assert len(replays) - before <= 3  # the second run's own, none of the first's


async def test_the_limit_of_activities_at_a_time_is_kept(tmp_path: Path) -> None:
    app = new_app()
    running_now, most = 0, 0

    @app.activity_trigger(input_name="_")
    async def measure(_: int) -> None:
        nonlocal running_now, most
        running_now += 1
        most = max(most, running_now)
        await asyncio.sleep(0.02)
        running_now -= 1

    @app.orchestration_trigger(context_name="context")
    def fan_out(context: Any, count: int) -> Steps:
        yield when_all([context.call_activity("measure", input=n) for n in range(count)])

    limits = {"extensions": {"durableTask": {"maxConcurrentActivityFunctions": 3}}}
    async with running(app, tmp_path, host_json=limits) as runner:
        await runner.run("fan_out", 20)
    assert most == 3


async def test_three_hundred_activities_in_a_few_seconds(tmp_path: Path) -> None:
    app = new_app()

    @app.orchestration_trigger(context_name="context")
    def fan_out(context: Any, count: int) -> Steps:
        return sum((yield when_all([context.call_activity("double", input=n) for n in range(count)])))

    @app.orchestration_trigger(context_name="context")
    def chain(context: Any, count: int) -> Steps:
        value = 0
        for _ in range(count):
            value = yield context.call_activity("double", input=value + 1)
        return value

    async with running(app, tmp_path) as runner:
        start = time.monotonic()
        assert await runner.run("fan_out", 300) == 300 * 299
        fan_out_seconds = time.monotonic() - start
        start = time.monotonic()
        await runner.run("chain", 20)
        chain_seconds = time.monotonic() - start
    assert fan_out_seconds < 5  # measured: 0.6
    assert chain_seconds < 20 * 0.1  # measured: 0.2; the backend's own waits alone would make it 2


async def test_messages_may_be_larger_than_four_megabytes(tmp_path: Path) -> None:
    app = new_app()

    @app.activity_trigger(input_name="size")
    async def large(size: int) -> str:
        return "x" * size

    @app.orchestration_trigger(context_name="context")
    def orchestrate(context: Any, size: int) -> Steps:
        return len((yield context.call_activity("large", input=size)))

    async with running(app, tmp_path) as runner:
        assert await runner.run("orchestrate", 5_000_000) == 5_000_000


async def test_synchronous_functions_have_a_client_too(tmp_path: Path) -> None:
    app = new_app()

    @app.orchestration_trigger(context_name="context")
    def orchestrate(context: Any, number: int) -> Steps:
        return (yield context.call_activity("double", input=number))

    @app.route("start", auth_level=func.AuthLevel.ANONYMOUS)
    @app.durable_client_input(client_name="client", task_hub="OtherHub")
    def start(req: Request, client: df.SyncDurableFunctionsClient) -> JSONResponse:
        instance = client.schedule_new_orchestration("orchestrate", input=5)
        state = client.wait_for_orchestration_completion(instance, timeout=10)
        return JSONResponse([client.taskHubName, state.serialized_output if state else None])

    async with serve(app, tmp_path) as http:
        assert (await http.get("/api/start")).json() == ["OtherHub", "10"]


async def test_the_worker_takes_up_the_stream_again_when_it_broke_off(tmp_path: Path) -> None:
    functions = durable_functions(read_functions(new_app(), {}, tmp_path))
    jobs, port = Jobs(), free_port()
    worker = DurableWorker(functions, Invoker({}, timeout=None, durable_client={}), jobs, DurableSection())
    hubs = [TaskHub(port), TaskHub(port)]
    worker.start(hubs[0].address)
    for hub in hubs:
        address = hub.start()
        client = AsyncTaskHubGrpcClient(host_address=address)
        instance = await client.schedule_new_orchestration("nowhere")
        state = await client.wait_for_orchestration_completion(instance, timeout=PATIENCE_SECONDS)
        assert state
        assert state.runtime_status is OrchestrationStatus.FAILED
        await client.close()
        await asyncio.to_thread(hub.stop)
    await worker.stop()
    await jobs.drain(1)
    await worker.close()


async def test_a_taken_durable_port_is_named(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    async with running(new_app(), first) as runner:
        port = int(runner.client.rpcBaseUrl.rsplit(":", 1)[1])
        with pytest.raises(PortTakenError, match=f"port {port} of 127.0.0.1 is taken"):
            async with serve(new_app(), second, durable_port=port):
                pass
