import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
APP = """
import functions.web_extension
import azure.functions as func
import azure.durable_functions as df
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)

@app.route("items/{id:int}", methods=["POST"])
async def echo(req: Request) -> JSONResponse:
    return JSONResponse({"id": req.path_params["id"], "body": (await req.body()).decode()}, status_code=201)

@app.route("fail")
async def fail(req: Request) -> Response:
    raise ValueError("no")

@app.route("start")
@app.durable_client_input(client_name="client")
async def start(req: Request, client) -> Response:
    return Response()
"""
# The worker library keeps its state in modules, so each test gives it a process of its own.
WORKER = """
import asyncio, json, sys
from types import SimpleNamespace as Bag
import httpx
from azure_functions_runtime import handle_event, http_v2
from azure_functions_runtime.bindings.meta import load_binding_registry

class Protos:
    class BindingInfo(Bag):
        inout, out, undefined = 2, 1, 0
    class RpcFunctionMetadata(Bag):
        pass
    class StatusResult(Bag):
        Success, Failure = 1, 0
    class InvocationResponse(Bag):
        pass
    class RpcException(Bag):
        pass

class Data(Bag):
    def WhichOneof(self, _):
        return self.kind

handle_event.protos = Protos
load_binding_registry()
sys.path.insert(0, sys.argv[1])
handle_event.load_function_metadata(sys.argv[1], "test")
assert http_v2.HttpV2Registry.http_v2_enabled()
functions = {f.name: f.function_id for f in handle_event._metadata_result}

def invocation(name, parameters):
    http = Bag(method="POST", url="http://host/", headers={}, params=parameters, query={}, body=Data(kind=None))
    return Bag(request=Bag(invocation_request=Bag(
        invocation_id=f"id-{name}", function_id=functions[name], trigger_metadata={},
        trace_context=Bag(trace_parent="", trace_state="", attributes={}),
        retry_context=Bag(retry_count=0, max_retry_count=0, exception=None),
        input_data=[Bag(name="req", data=Data(kind="http", http=http), WhichOneof=lambda _: "data")],
    )))

async def call(client, url, name, parameters):
    work = asyncio.create_task(handle_event.invocation_request(invocation(name, parameters)))
    answer = await client.post(url + "/any/path", content=b"hello", headers={"x-ms-invocation-id": f"id-{name}"})
    await work
    return answer

async def main():
    url = http_v2.initialize_http_server("127.0.0.1")
    async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(retries=5)) as client:
        good = await call(client, url, "echo", {"id": "7"})
        bad = await call(client, url, "fail", {})
    seen = {"names": sorted(functions), "status": good.status_code, "body": good.json(), "bad": bad.status_code}
    print(json.dumps(seen))

asyncio.run(main())
"""


def run(code: str, *arguments: str) -> str:
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


def test_the_official_worker_indexes_an_app_and_serves_a_request(tmp_path: Path) -> None:
    (tmp_path / "function_app.py").write_text(APP)
    seen = json.loads(run(WORKER, str(tmp_path)))
    assert {"echo", "fail", "start"} <= set(seen["names"])
    assert seen["status"] == 201
    assert seen["body"] == {"id": "7", "body": "hello"}
    assert seen["bad"] == 500


@pytest.mark.parametrize("module", ["fastapi", "uvicorn"])
def test_importing_it_costs_neither_fastapi_nor_uvicorn(module: str) -> None:
    assert run(f"import sys, functions.web_extension; print({module!r} in sys.modules)") == "False"
