import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import azure.durable_functions as df
import azure.functions as func
import httpx
import pytest
from pydantic import SecretStr
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from local.host.errors import PortTakenError, UnsupportedFeatureError
from tests.local.host.support import serve, soon


def new_app(level: func.AuthLevel = func.AuthLevel.ANONYMOUS) -> df.DFApp:
    return df.DFApp(http_auth_level=level)


async def test_routes_methods_and_parameters(tmp_path: Path) -> None:
    app = new_app()

    @app.route("items/{id:int}", methods=["GET"])
    async def by_number(req: Request) -> JSONResponse:
        return JSONResponse({"by": "number", **req.path_params})

    @app.route("items/{name}", methods=["GET"])
    async def by_name(req: Request) -> JSONResponse:
        return JSONResponse({"by": "name", **req.path_params})

    @app.route("items/all")
    async def everything(req: Request) -> JSONResponse:
        return JSONResponse({"by": req.method})

    @app.route()
    def plain(req: Request) -> Response:
        return Response("plain")

    async with serve(app, tmp_path) as client:

        async def get(path: str) -> Any:
            return (await client.get(path)).json()

        assert await get("/api/items/7") == {"by": "number", "id": "7"}
        assert await get("/api/items/seven%20") == {"by": "name", "name": "seven "}
        assert await get("/api/items/all") == {"by": "GET"}
        assert (await client.patch("/api/items/all")).json() == {"by": "PATCH"}
        assert (await client.get("/api/plain")).text == "plain"
        for method, path in (("GET", "/items/7"), ("GET", "/api/nothing"), ("POST", "/api/items/7"), ("HEAD", "/")):
            answer = await client.request(method, path)
            assert (answer.status_code, answer.content) == (404, b"")


async def test_the_prefix_comes_from_host_json(tmp_path: Path) -> None:
    app = new_app()

    @app.route("{*path}")
    async def any_path(req: Request) -> Response:
        return Response(req.path_params.get("path", "none"))

    async with serve(app, tmp_path, host_json={"extensions": {"http": {"routePrefix": ""}}}) as client:
        assert (await client.get("/a/b%2Fc")).text == "a/b%2Fc"
        assert (await client.get("/")).text == "none"
        assert (await client.get("/admin/host/status")).json()["state"] == "Running"


async def test_keys_guard_functions_that_are_not_anonymous(tmp_path: Path) -> None:
    app = new_app(func.AuthLevel.FUNCTION)

    @app.route("secret")
    async def secret(req: Request) -> Response:
        return Response("told")

    @app.route("open", auth_level=func.AuthLevel.ANONYMOUS)
    async def not_secret(req: Request) -> Response:
        return Response("open")

    async with serve(app, tmp_path, keys=(SecretStr("one"), SecretStr("zwei-ö"))) as client:
        assert (await client.get("/api/open")).status_code == 200
        assert (await client.get("/api/secret")).status_code == 401
        assert (await client.get("/api/secret", headers={"x-functions-key": "on"})).status_code == 401
        assert (await client.get("/api/secret", headers={"x-functions-key": "one"})).text == "told"
        assert (await client.get("/api/secret", params={"code": "zwei-ö"})).text == "told"
        assert (await client.get("/admin/host/status")).status_code == 401
        assert (await client.get("/admin/host/status", params={"code": "one"})).status_code == 200


async def test_no_key_was_given_so_none_fits(tmp_path: Path) -> None:
    app = new_app(func.AuthLevel.FUNCTION)

    @app.route("secret")
    async def secret(req: Request) -> Response:
        return Response("told")

    async with serve(app, tmp_path) as client:
        assert (await client.get("/api/secret", params={"code": ""})).status_code == 401


async def test_bodies_stream_both_ways(tmp_path: Path) -> None:
    app = new_app()
    first_seen = asyncio.Event()

    @app.route("upload", methods=["POST"])
    async def upload(req: Request) -> JSONResponse:
        sizes = []
        async for chunk in req.stream():
            sizes.append(len(chunk))
            first_seen.set()
        return JSONResponse(sizes)

    @app.route("download")
    async def download(req: Request) -> StreamingResponse:
        async def parts() -> AsyncIterator[bytes]:
            yield b"first"
            await soon(first_seen.wait())
            yield b"second"

        return StreamingResponse(parts())

    async with serve(app, tmp_path) as client:

        async def body() -> AsyncIterator[bytes]:
            yield b"a" * 10
            await soon(first_seen.wait())  # only what was sent before this can be seen
            yield b"b" * 20

        sizes = (await client.post("/api/upload", content=body())).json()
        assert sum(sizes) == 30
        assert sizes[0] == 10

        first_seen.clear()
        async with client.stream("GET", "/api/download") as answer:
            received = b""
            async for chunk in answer.aiter_raw():
                received += chunk
                first_seen.set()  # the second part waits for the first one's arrival
        assert received == b"firstsecond"


async def test_a_body_over_the_limit_is_refused(tmp_path: Path) -> None:
    app = new_app()
    called: list[int] = []

    @app.route("upload", methods=["POST"])
    async def upload(req: Request) -> Response:
        called.append(len(await req.body()))
        return Response()

    async with serve(app, tmp_path, max_body_bytes=1000) as client:

        async def chunks() -> AsyncIterator[bytes]:
            for _ in range(11):
                yield b"x" * 100

        assert (await client.post("/api/upload", content=b"x" * 1000)).status_code == 200
        assert (await client.post("/api/upload", content=b"x" * 1001)).status_code == 413
        assert (await client.post("/api/upload", content=chunks())).status_code == 413
        assert called == [1000]


@pytest.mark.parametrize("kind", ["waiting", "streaming"])
async def test_a_client_that_goes_away_cancels_the_handler(tmp_path: Path, kind: str) -> None:
    app = new_app()
    started, cancelled = asyncio.Event(), asyncio.Event()

    async def forever() -> AsyncIterator[bytes]:
        try:
            started.set()
            yield b"one"
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    @app.route("streaming", methods=["POST"])
    async def streaming(req: Request) -> StreamingResponse:
        return StreamingResponse(forever())

    @app.route("waiting", methods=["POST"])
    async def waiting(req: Request) -> Response:
        async for _ in forever():
            pass
        return Response()

    async with serve(app, tmp_path) as client:
        reader, writer = await asyncio.open_connection(client.base_url.host, client.base_url.port)
        writer.write(f"POST /api/{kind} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".encode())
        await soon(started.wait())
        if kind == "streaming":
            await soon(reader.readuntil(b"one"))
        writer.close()
        await soon(cancelled.wait())


async def test_work_after_the_answer_is_not_cancelled(tmp_path: Path) -> None:
    app = new_app()
    gone, done = asyncio.Event(), asyncio.Event()

    async def afterwards() -> None:
        await gone.wait()
        await asyncio.sleep(0)
        done.set()

    @app.route("later")
    async def later(req: Request) -> Response:
        return Response("now", background=BackgroundTask(afterwards))

    async with serve(app, tmp_path) as client:
        async with httpx.AsyncClient(base_url=client.base_url) as other:
            assert (await other.get("/api/later")).text == "now"
        gone.set()
        await soon(done.wait())


async def test_an_exception_is_500_without_a_word_about_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    app = new_app()

    @app.route("fails")
    async def fails(req: Request) -> Response:
        msg = "the secret reason"
        raise ValueError(msg)

    @app.route("wrong")
    async def wrong(req: Request) -> Any:
        return {"not": "a response"}

    async with serve(app, tmp_path) as client:
        answer = await client.get("/api/fails")
        assert (answer.status_code, answer.content) == (500, b"")
        assert (await client.get("/api/wrong")).status_code == 500
    assert "the secret reason" in caplog.text
    assert "wrong returned dict: return a starlette Response" in caplog.text


async def test_a_failure_in_the_middle_of_an_answer_cuts_it_off(tmp_path: Path) -> None:
    app = new_app()

    @app.route("half")
    async def half(req: Request) -> StreamingResponse:
        async def parts() -> AsyncIterator[bytes]:
            yield b"half"
            msg = "no more"
            raise ValueError(msg)

        return StreamingResponse(parts())

    async with serve(app, tmp_path) as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get("/api/half")


async def test_the_context_tells_the_function_about_its_call(tmp_path: Path) -> None:
    app = new_app()

    def told(context: func.Context) -> JSONResponse:
        trace = context.trace_context
        local: Any = context.thread_local_storage
        thread = getattr(local, "invocation_id", None)
        return JSONResponse([context.function_name, context.invocation_id, trace.trace_parent, thread])

    @app.route("tell")
    async def tell(req: Request, context: func.Context) -> JSONResponse:
        return told(context)

    @app.route("tell_thread")
    def tell_thread(req: Request, context: func.Context) -> JSONResponse:
        return told(context)

    async with serve(app, tmp_path) as client:
        trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        name, first, parent, _ = (await client.get("/api/tell", headers={"traceparent": trace})).json()
        assert (name, parent) == ("tell", trace)
        name, second, parent, thread = (await client.get("/api/tell_thread")).json()
        assert (name, parent, thread) == ("tell_thread", "", second)
        assert first != second


async def test_synchronous_functions_run_in_as_many_threads_as_the_setting_says(tmp_path: Path) -> None:
    app = new_app()
    left, right = socket.socketpair()

    @app.route("wait")
    def wait(req: Request) -> Response:
        return Response(left.recv(1))

    @app.route("free")
    async def free(req: Request) -> Response:
        return Response("free")

    with left, right:
        async with serve(app, tmp_path, {"PYTHON_THREADPOOL_THREAD_COUNT": "2"}) as client:
            waiting = [asyncio.create_task(client.get("/api/wait")) for _ in range(3)]
            assert (await client.get("/api/free")).text == "free"  # the loop is not blocked
            right.send(b"ab")
            done, pending = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            assert done
            right.send(b"c")
            answers = await asyncio.gather(*done, *pending)
            assert sorted(answer.text for answer in answers) == ["a", "b", "c"]


async def test_one_log_line_for_each_call(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    app = new_app()

    @app.route("ok")
    async def ok(req: Request) -> Response:
        return Response()

    with caplog.at_level(logging.INFO, "local.host"):
        async with serve(app, tmp_path) as client:
            await client.get("/api/ok")
    lines = [record for record in caplog.records if record.message == "invocation"]
    assert [line.__dict__["outcome"] for line in lines] == ["succeeded"]
    assert lines[0].__dict__["duration_ms"] >= 0


async def test_a_taken_port_is_named(tmp_path: Path) -> None:
    app = new_app()

    @app.route("x")
    async def x(req: Request) -> Response:
        return Response()

    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(PortTakenError, match=f"port {port} cannot be used"):
            async with serve(app, tmp_path, port=port):
                pass


async def test_a_route_that_cannot_be_parsed_names_its_function(tmp_path: Path) -> None:
    app = new_app()

    @app.route("x/{id:colour}")
    async def odd(req: Request) -> Response:
        return Response()

    with pytest.raises(UnsupportedFeatureError, match=r"odd: .*colour"):
        async with serve(app, tmp_path):
            pass


async def test_a_function_that_takes_too_long_is_stopped(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    app = new_app()

    @app.route("slow")
    async def slow(req: Request) -> Response:
        await asyncio.Event().wait()
        return Response()

    async with serve(app, tmp_path, host_json={"functionTimeout": "00:00:00.2"}) as client:
        assert (await client.get("/api/slow")).status_code == 500
    assert "TimeoutError" in caplog.text


async def test_the_end_waits_for_what_runs_and_then_cancels_it(tmp_path: Path) -> None:
    app = new_app()
    outcomes: list[str] = []
    running, go_on = asyncio.Queue[str](), asyncio.Event()

    @app.route("{what}")
    async def work(req: Request) -> Response:
        what = req.path_params["what"]
        await running.put(what)
        try:
            await (go_on if what == "short" else asyncio.Event()).wait()
        except asyncio.CancelledError:
            outcomes.append(f"{what} cancelled")
            raise
        outcomes.append(f"{what} done")
        return Response(what)

    async with httpx.AsyncClient() as patient:
        async with serve(app, tmp_path, grace_seconds=1) as client:
            url = str(client.base_url)
            short = asyncio.create_task(patient.get(f"{url}/api/short"))
            endless = asyncio.create_task(patient.get(f"{url}/api/endless"))
            for _ in range(2):
                await soon(running.get())
            asyncio.get_running_loop().call_later(0.3, go_on.set)  # while the host is already stopping
        assert (await short).text == "short"
        assert (await endless).status_code == 503
    assert outcomes == ["short done", "endless cancelled"]


async def test_timers_and_queues_can_be_run_by_hand(tmp_path: Path) -> None:
    app = new_app()
    ticks: asyncio.Queue[bool] = asyncio.Queue()

    @app.timer_trigger(arg_name="tick", schedule="00:00:30")
    async def Clock(tick: func.TimerRequest) -> None:  # noqa: N802 - names match whatever their case
        await ticks.put(tick.past_due)

    async with serve(app, tmp_path) as client:
        headers = {"content-type": "application/json"}
        answer = await client.post("/admin/functions/clock", content=json.dumps({"input": "x"}), headers=headers)
        assert answer.status_code == 202
        assert await soon(ticks.get()) is False
        assert (await client.post("/admin/functions/clock", json={})).status_code == 202
        assert (await client.post("/admin/functions/clock", content="{}")).status_code == 415
        assert (await client.post("/admin/functions/clock", content="[]", headers=headers)).status_code == 400
        assert (await client.post("/admin/functions/other", json={})).status_code == 404
        assert (await client.get("/admin/functions/clock")).status_code == 404
        assert (await client.get("/admin/host/status")).json()["processUptime"] >= 0
