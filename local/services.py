"""What the local stack is made of: each service's command, environment, ports, and how it shows that it is ready."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

import requests

from local import azurite, cosmos, first_key, gallery, host, sealing_key
from local.config import ROOT, StackSettings
from local.processes import port_answers

PROBE_SECONDS = 5.0


@dataclass(frozen=True)
class Service:
    """A process to supervise. `ready` is asked until it says yes; `env` is added to this process's environment."""

    name: str
    command: tuple[str, ...]
    ports: tuple[int, ...]
    ready: Callable[[], bool]
    env: Mapping[str, str] = field(default_factory=dict)
    on_console: bool = False  # whether its output is also shown, not only kept in its log
    then: Callable[[], object] | None = None  # what is left to do once it is ready


Stages = tuple[tuple[Service, ...], ...]
"""Services that start together, stage after stage; they stop in reverse."""


def answers_ok(url: str) -> bool:
    """Whether a GET gives 200, and not an error or nothing."""
    with requests.Session() as session:
        session.trust_env = False  # no proxy stands between this machine and itself
        try:
            return session.get(url, timeout=PROBE_SECONDS).status_code == HTTPStatus.OK
        except requests.RequestException:
            return False


def app_settings(settings: StackSettings) -> dict[str, str]:
    """The app settings of the function app on this stack: the names of local.settings.sample.json."""
    own = os.environ.get("PIXCRAWLER_FETCH_ALLOW", "")  # a receiver of webhooks on this machine, say
    sites = ",".join(filter(None, [*(f"127.0.0.1:{port}" for port in settings.gallery_ports), own]))
    return {
        "FUNCTIONS_WORKER_RUNTIME": "python",
        "PYTHON_THREADPOOL_THREAD_COUNT": "8",
        "AzureWebJobsStorage": azurite.connection_string(
            blob_port=settings.blob_port, queue_port=settings.queue_port, table_port=settings.table_port
        ),
        "PIXCRAWLER_BLOB_TRIGGER_SOURCE": "LogsAndContainerScan",
        "PIXCRAWLER_COSMOS_ENDPOINT": f"http://127.0.0.1:{settings.cosmos_port}",
        "PIXCRAWLER_COSMOS_KEY": cosmos.DEFAULT_KEY,
        "PIXCRAWLER_CREATE_RESOURCES": "true",
        "PIXCRAWLER_TELEMETRY": os.environ.get("PIXCRAWLER_TELEMETRY", "prometheus"),
        "PIXCRAWLER_SAMPLE_URL": gallery.site_urls(settings.gallery_port)[0],
        "PIXCRAWLER_FETCH_ALLOW": sites,
        "PIXCRAWLER_FETCH_TIMEOUT_SECONDS": os.environ.get(
            "PIXCRAWLER_FETCH_TIMEOUT_SECONDS", f"{settings.fetch_seconds:g}"
        ),
    }


def stack(settings: StackSettings, *, with_host: bool = True) -> Stages:
    """The whole stack, or what stands behind another Functions host; NotInstalledError if Azurite is not, FirstKeyError
    when the key that seals secrets cannot be kept.
    """

    def key() -> None:
        first_key.ensure(settings.data, app_settings(settings), api=settings.api if with_host else None)

    storage = {"blob_port": settings.blob_port, "queue_port": settings.queue_port, "table_port": settings.table_port}
    database = cosmos.command(settings.data / "cosmos.sqlite", port=settings.cosmos_port)
    behind = (
        _listening("azurite", azurite.command(settings.data / "azurite", **storage), *storage.values()),
        _listening("cosmos", database, settings.cosmos_port, then=None if with_host else key),
        _listening(
            "gallery",
            gallery.command(settings.gallery_port, cache=settings.data / "gallery"),
            *settings.gallery_ports,
        ),
    )
    return (behind, (_host(settings, key),)) if with_host else (behind,)


def _listening(name: str, command: list[str], *ports: int, then: Callable[[], None] | None = None) -> Service:
    """A service that is ready once all of its ports accept connections."""
    return Service(name, tuple(command), ports, lambda: all(port_answers(port) for port in ports), then=then)


def _host(settings: StackSettings, then: Callable[[], None]) -> Service:
    """The Functions host, which is ready when the app says so: storage and Cosmos DB answer it."""
    command = host.command(ROOT / "function_app.py", port=settings.host_port, durable_port=settings.durable_port)
    return Service(
        "host",
        tuple(command),
        (settings.host_port, settings.durable_port),
        lambda: answers_ok(f"{settings.api}/health/ready"),
        {**app_settings(settings), sealing_key.SETTING: sealing_key.ensure(settings.data)},
        on_console=True,
        then=then,
    )
