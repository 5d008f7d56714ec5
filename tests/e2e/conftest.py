"""The whole stack, started the way people start it, on free ports; tests talk to it over HTTP only."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from local import azurite
from local.cosmos import DEFAULT_KEY
from local.processes import free_port, wait_until
from tests.ingestion import Ingestion, listening

ROOT = Path(__file__).parents[2]
collect_ignore = [] if "PIXCRAWLER_SMOKE_URL" in os.environ else ["test_smoke.py"]  # test_operations.py has it run
FINAL = {"ready", "incomplete", "failed", "cancelled"}


class Api:
    """What tests ask of an API; `pause` is between two looks, in seconds."""

    pause = 0.1

    def __init__(self, api: httpx.Client) -> None:
        self.api = api

    def create(self, **spec: Any) -> str:
        """POST a dataset; returns its id."""
        answer = self.api.post("/datasets", json=spec)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def get(self, dataset: str) -> dict[str, Any]:
        """GET a dataset."""
        answer = self.api.get(f"/datasets/{dataset}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def until(self, dataset: str, condition: Callable[[dict[str, Any]], bool], timeout: float = 90) -> dict[str, Any]:
        """Poll a dataset until the condition holds; AssertionError with the last look if it never does."""
        deadline = time.monotonic() + timeout
        while not condition(found := self.get(dataset)):
            assert time.monotonic() < deadline, found
            time.sleep(self.pause)
        return found

    def finished(self, dataset: str, timeout: float = 90) -> dict[str, Any]:
        """Poll a dataset until it is in a final state."""
        return self.until(dataset, lambda found: found["state"] in FINAL, timeout)

    def images(self, dataset: str, **filters: str | int) -> list[dict[str, Any]]:
        """All rows of a dataset, page by page."""
        rows: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            params = {**filters, **({"cursor": cursor} if cursor else {})}
            page = self.api.get(f"/datasets/{dataset}/images", params=params)
            assert page.status_code == 200, page.text
            rows += page.json()["images"]
            cursor = page.json()["next"]
            if cursor is None:
                return rows

    def export(self, dataset: str, format_: str, file: str | None = None) -> bytes:
        """Download a file of an export through its link."""
        params = {"file": file} if file else {}
        link = self.api.get(f"/datasets/{dataset}/exports/{format_}/link", params=params)
        assert link.status_code == 200, link.text
        return httpx.get(link.json()["url"]).raise_for_status().content


class Stack(Api):
    """A running stack and a client of its API."""

    def __init__(self, data: Path, **environment: str) -> None:
        self.data = data
        self.ports = {name: free_port() for name in ("BLOB", "QUEUE", "TABLE", "COSMOS", "HOST", "DURABLE")} | {
            "GALLERY": free_run(4)
        }
        self.receiver_port = free_port()  # where a test may receive webhooks
        self.environment = {
            "PIXCRAWLER_FETCH_ALLOW": f"127.0.0.1:{self.receiver_port}",
            "PIXCRAWLER_WEBHOOK_PAUSES": "[0.2, 0.2]",
            "PIXCRAWLER_TAKE_DOWN_SECONDS": "0.5",
            **environment,
        }
        self.process: subprocess.Popen[bytes] | None = None
        super().__init__(httpx.Client(base_url=f"http://127.0.0.1:{self.ports['HOST']}/api/v1", timeout=30))

    def up(self) -> None:
        """Start it and wait until the API says that it is ready."""
        ports = {f"PIXCRAWLER_LOCAL_{name}_PORT": str(port) for name, port in self.ports.items()}
        env = {
            **os.environ,
            **ports,
            "PIXCRAWLER_LOCAL_DATA": str(self.data),
            "PIXCRAWLER_LOCAL_FETCH_SECONDS": "4",
            **self.environment,
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "local", "up"], cwd=ROOT, env=env, start_new_session=True
        )
        wait_until(self._ready, 60, "the stack being ready")

    def _ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"the stack ended with {self.process.returncode}"
        try:
            if self.api.get("/health/ready").status_code != 200:
                return False
        except httpx.TransportError:
            return False
        key = self.data / "api-key"
        if not key.exists():  # made once the API is there
            return False
        self.api.headers["authorization"] = f"Bearer {key.read_text().strip()}"
        return True

    def down(self, number: int = signal.SIGTERM) -> None:
        """End the supervisor by this signal and wait for it."""
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(30)
            self.process = None

    def left_of(self, dataset: str) -> list[str]:
        """Names of blobs and ids of documents that are still there of a dataset."""
        from azure.cosmos import CosmosClient
        from azure.storage.blob import BlobServiceClient

        ports = {f"{name.lower()}_port": self.ports[name] for name in ("BLOB", "QUEUE", "TABLE")}
        blobs = BlobServiceClient.from_connection_string(azurite.connection_string(**ports))
        left = [
            name
            for container in ("raw", "datasets")
            for name in blobs.get_container_client(container).list_blob_names(name_starts_with=dataset)
        ]
        client = CosmosClient(f"http://127.0.0.1:{self.ports['COSMOS']}", DEFAULT_KEY)
        database = client.get_database_client("pixcrawler")
        for container, where in (("datasets", "c.id"), ("shards", "c.dataset")):
            found = database.get_container_client(container).query_items(
                f"SELECT VALUE c.id FROM c WHERE {where} = @id",  # noqa: S608
                parameters=[{"name": "@id", "value": dataset}],
                enable_cross_partition_query=True,
            )
            left += [str(item) for item in found]
        return left


def free_run(count: int) -> int:
    """The first of `count` consecutive free ports."""
    import socket

    while True:
        first = free_port()
        try:
            for port in range(first, first + count):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return first


@pytest.fixture(scope="session")
def ingestion() -> Iterator[Ingestion]:
    """What the telemetry of `stack` is sent to, as Azure Monitor would take it."""
    with listening() as taking:
        yield taking


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, ingestion: Ingestion) -> Iterator[Stack]:
    """One stack for all tests that do not hurt it."""
    running = Stack(
        tmp_path_factory.mktemp("stack"),
        APPLICATIONINSIGHTS_CONNECTION_STRING=ingestion.connection_string,
        PIXCRAWLER_SEARCH_PROXY=f"http://127.0.0.1:{free_port()}",  # nobody is there: no test searches the web
        OTEL_METRIC_EXPORT_INTERVAL="500",
        OTEL_BSP_SCHEDULE_DELAY="500",
    )
    running.up()
    try:
        yield running
    finally:
        running.down()
