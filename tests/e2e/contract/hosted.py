"""The app behind the host stand-in's HTTP face, on a free port, with nobody working on what it starts."""

import asyncio
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import function_app
from local.host.durable.hub import TaskHub
from local.host.functions import read_functions
from local.host.http import HttpHost, Keys, read_endpoints
from local.host.invocation import Invoker
from local.host.server import Server, listen

ROOT = Path(__file__).parents[3]
_MAX_BODY_BYTES = 104_857_600  # the host's own limit


@contextmanager
def hosted() -> Iterator[str]:
    """Where it answers. Orchestrations are stored and never run: what is made stays as it was made."""
    hub = TaskHub()
    address = hub.start()
    client = {"taskHubName": "t", "rpcBaseUrl": f"http://{address}", "baseUrl": f"http://{address}"}
    functions = read_functions(function_app.app, os.environ, ROOT)
    invoker = Invoker(os.environ, timeout=None, durable_client=client)
    http = HttpHost(read_endpoints(functions, "api"), invoker, Keys(()), max_body=_MAX_BODY_BYTES, system={})
    listener = listen(0)
    loop = asyncio.new_event_loop()
    server = Server(http, listener, grace=1)
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(server.start(), loop).result(10)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(20)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        listener.close()
        invoker.close()
        hub.stop()
