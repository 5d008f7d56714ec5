"""What the host's tests share: a host with a client in front of it, and waiting for what happens elsewhere."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from local.host.functions import FunctionApp
from local.host.host import Host
from local.host.settings import HostSettings

PATIENCE_SECONDS = 15.0


@asynccontextmanager
async def serve(
    app: FunctionApp,
    directory: Path,
    environment: Mapping[str, str] | None = None,
    *,
    host_json: Mapping[str, Any] | None = None,
    **settings: Any,
) -> AsyncIterator[httpx.AsyncClient]:
    (directory / "host.json").write_text(json.dumps(host_json or {}))
    options = HostSettings(**{"app": directory / "function_app.py", "port": 0, "grace_seconds": 2} | settings)
    async with (
        Host(app, options, environment or {}) as host,
        httpx.AsyncClient(base_url=host.url, timeout=PATIENCE_SECONDS) as client,
    ):
        yield client


async def eventually[Value](look: Callable[[], Awaitable[Value]]) -> Value:
    """What `look` gives, once that is true; TimeoutError if it never is."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            value = await look()
            if value:
                return value
            await asyncio.sleep(0.02)


async def soon[Value](awaitable: Awaitable[Value]) -> Value:
    """The value, if it comes in good time."""
    return await asyncio.wait_for(awaitable, PATIENCE_SECONDS)
