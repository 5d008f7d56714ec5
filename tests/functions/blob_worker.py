"""This app in the official worker library, called for blobs as the host calls it; prints JSON of what came of it.

A process of its own, for the library keeps its state in modules. The blobs have names that the steps leave alone, which
they say in the log, before they ask any store.
"""

import asyncio
import json
import logging
from pathlib import Path
from types import SimpleNamespace as Bag
from typing import Any

from azure_functions_runtime import handle_event
from azure_functions_runtime.bindings.meta import load_binding_registry

from shared.telemetry import trace
from tests.functions.rpc import InvocationRequest, blob_call, bytes_call

ROOT = Path(__file__).parents[2]
PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
CLIENT = json.dumps({"taskHubName": "t", "rpcBaseUrl": "http://127.0.0.1:1", "baseUrl": "http://127.0.0.1:1"})


class Protos:
    """The messages that the worker answers with."""

    class BindingInfo(Bag):
        inout, out, undefined = 2, 1, 0

    class RpcFunctionMetadata(Bag):
        pass

    class StatusResult(Bag):
        Success, Failure = "success", "failure"

    class InvocationResponse(Bag):
        pass

    class RpcException(Bag):
        pass


class Heard(logging.Handler):
    """What the steps say, and the trace that they say it in."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[tuple[str, str | None]] = []

    def emit(self, record: logging.LogRecord) -> None:
        now = trace.ids()
        self.lines.append((record.getMessage(), now[0] if now else None))


async def call(sent: bytes) -> Any:
    request = Bag(request=Bag(invocation_request=InvocationRequest.FromString(sent)))
    answer = await handle_event.invocation_request(request)
    return answer.result.status, getattr(getattr(answer.result, "exception", None), "message", None)


async def main() -> None:
    handle_event.protos = Protos
    load_binding_registry()
    handle_event.load_function_metadata(str(ROOT), "test")
    ids = {one.name: one.function_id for one in handle_event._metadata_result}
    heard = Heard()
    logging.getLogger("shared.steps").addHandler(heard)
    metadata = {"traceparent": PARENT, "owner": "somebody"}
    raw, upload = ids["validate_raw_shard"], ids["check_upload"]
    results = [
        await call(blob_call(raw, "raw", "the dataset/no shard.tar", metadata, client=CLIENT)),
        await call(blob_call(upload, "uploads", "somebody/incoming/no upload", metadata)),
        await call(blob_call(upload, "uploads", "somebody/incoming/untold")),
        await call(bytes_call(upload, b"the whole blob")),
    ]
    print(json.dumps({"results": results, "heard": heard.lines}))  # noqa: T201 (that is its result)


if __name__ == "__main__":
    asyncio.run(main())
