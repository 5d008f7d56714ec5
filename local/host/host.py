"""The host: puts configuration, functions, HTTP, durable work and listeners together, starts and stops them."""

import asyncio
import hashlib
import logging
import socket
from collections.abc import Mapping
from typing import Self

from azure.core.exceptions import AzureError
from prometheus_client import make_asgi_app

from local.host.admin import Admin, Run
from local.host.config import load_host_json
from local.host.durable.hub import TaskHub
from local.host.durable.work import DurableWorker, durable_functions, uses_durable
from local.host.errors import HostError
from local.host.functions import FunctionApp, read_functions
from local.host.http import HttpHost, Keys, read_endpoints
from local.host.invocation import Invoker, Jobs
from local.host.server import Server, listen
from local.host.settings import HostSettings
from local.host.storage import Storage
from local.host.triggers import Listener
from local.host.triggers.blobs import BlobListener
from local.host.triggers.queues import QueueListener
from local.host.triggers.timers import TimerListener

_LOG = logging.getLogger("local.host")
_HOST_ID_LENGTH = 32
_HUB_GRACE_SECONDS = 1.0  # its streams end by themselves, at once


class Host:
    """Runs one function app. `async with Host(...) as host:` serves until the block ends; `host.url` says where.

    `environment` are the app settings. Raises a HostError when something is not as it must be.
    """

    def __init__(self, app: FunctionApp, settings: HostSettings, environment: Mapping[str, str]) -> None:
        directory = settings.app.resolve().parent
        self._settings = settings
        self._config = load_host_json(directory / "host.json", environment)
        self._functions = read_functions(app, environment, directory)
        self._endpoints = read_endpoints(self._functions, self._config.extensions.http.route_prefix)
        self._host_id = environment.get("AzureFunctionsWebHost__hostid") or _host_id(str(directory))
        self._jobs = Jobs()
        encoded = self._config.extensions.queues.message_encoding == "base64"
        self._storage = Storage(environment, encoded_queues=encoded)
        self._durable_client: dict[str, str] = {}
        self._invoker = Invoker(environment, timeout=self._config.function_timeout, durable_client=self._durable_client)
        self._listeners: list[Listener] = []
        self._by_hand: dict[str, Run] = {}
        self._slots = asyncio.Semaphore(self._config.extensions.blobs.max_degree_of_parallelism)
        self._hub: TaskHub | None = None
        self._worker: DurableWorker | None = None
        self._listener: socket.socket | None = None
        self._server: Server | None = None

    @property
    def url(self) -> str:
        """`http://127.0.0.1:port`, once started."""
        return f"http://127.0.0.1:{self._port}"

    async def __aenter__(self) -> Self:
        """Start everything; HTTP last, so that whoever gets an answer finds everything running."""
        try:
            await self._start()
        except BaseException:
            await self._stop(grace=0)
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop: no new work; what runs may end within the grace time, then it is cancelled."""
        await self._stop(grace=self._settings.grace_seconds)

    async def _start(self) -> None:
        self._listener = listen(self._settings.port)
        self._port: int = self._listener.getsockname()[1]
        self._make_listeners()
        await self._start_durable()
        for watcher in self._listeners:
            try:
                await watcher.start()
            except AzureError as error:
                msg = f"storage does not answer: {error}; start it (Azurite, say), or mend its connection string"
                raise HostError(msg) from error
        keys = Keys(self._settings.keys)
        http = HttpHost(
            self._endpoints,
            self._invoker,
            keys,
            max_body=self._settings.max_body_bytes,
            system={"admin": Admin(self._host_id, self._by_hand, keys), "metrics": make_asgi_app()},
        )
        self._server = Server(http, self._listener, grace=self._settings.grace_seconds)
        await self._server.start()
        routes = {endpoint.function.name: endpoint.route.template for endpoint in self._endpoints}
        durable = self._durable_client.get("rpcBaseUrl")
        extra = {"url": self.url, "durable": durable, "functions": len(self._functions), "routes": routes}
        _LOG.info("ready", extra=extra)

    async def _start_durable(self) -> None:
        if not uses_durable(self._functions):
            return
        section = self._config.extensions.durable_task
        self._hub = TaskHub(self._settings.durable_port, default_version=section.default_version)
        address = self._hub.start()
        base = f"{self.url}/runtime/webhooks/durabletask"
        self._durable_client.update(taskHubName=section.hub_name, rpcBaseUrl=f"http://{address}", baseUrl=base)
        self._worker = DurableWorker(durable_functions(self._functions), self._invoker, self._jobs, section)
        self._worker.start(address)

    def _make_listeners(self) -> None:
        for function in self._functions:
            parts = (function, self._invoker, self._jobs, self._storage)
            match function.trigger.type:
                case "blobTrigger":
                    self._listeners.append(
                        BlobListener(
                            *parts,
                            config=self._config,
                            host_id=self._host_id,
                            slots=self._slots,
                            seconds=self._settings.blob_poll_seconds,
                        )
                    )
                case "queueTrigger":
                    queue = QueueListener(*parts, config=self._config, seconds=self._settings.queue_poll_seconds)
                    self._listeners.append(queue)
                    self._by_hand[function.name] = queue.run_by_hand
                case "timerTrigger":
                    timer = TimerListener(*parts, host_id=self._host_id)
                    self._listeners.append(timer)
                    self._by_hand[function.name] = timer.run_by_hand

    async def _stop(self, *, grace: float) -> None:
        await asyncio.gather(*(watcher.stop() for watcher in self._listeners))
        if self._worker:
            await self._worker.stop()
        server = [self._server.stop()] if self._server else []
        await asyncio.gather(self._jobs.drain(grace), *server)
        if self._listener:
            self._listener.close()
        if self._worker:
            await self._worker.close()
        if self._hub:
            await asyncio.to_thread(self._hub.stop, _HUB_GRACE_SECONDS)
        await self._storage.close()
        self._invoker.close()


def _host_id(directory: str) -> str:
    """The same for every start from the same directory, so that receipts are found again."""
    return hashlib.sha256(directory.encode()).hexdigest()[:_HOST_ID_LENGTH]
