import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from azure.cosmos import ContainerProxy, CosmosClient, PartitionKey
from azure.cosmos.exceptions import CosmosHttpResponseError

from local.azurite import ROOT
from local.cosmos import DEFAULT_KEY, command
from local.processes import free_port, port_answers, wait_until
from tests.conftest import Cosmos


@contextmanager
def _running(data: Path, port: int, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """The stand-in itself, without a leash between, so that signals go to it alone."""
    process = subprocess.Popen([*command(data, port=port), *options], cwd=ROOT, stderr=subprocess.PIPE)
    try:
        wait_until(lambda: port_answers(port) or process.poll() is not None, 30, "the stand-in answering")
        yield process
    finally:
        process.kill()
        process.communicate()


def _container(port: int, key: str = DEFAULT_KEY) -> ContainerProxy:
    client = CosmosClient(f"http://127.0.0.1:{port}", key)
    return client.create_database_if_not_exists("db").create_container_if_not_exists("c", PartitionKey("/pk"))


def test_documents_survive_a_killed_server(tmp_path: Path) -> None:
    port, data = free_port(), tmp_path / "cosmos.sqlite"
    answered: list[str] = []
    with _running(data, port) as process:
        container = _container(port)

        def write() -> None:
            try:
                for number in range(100_000):
                    container.create_item({"id": str(number), "pk": "p", "n": number}, retry_write=0)
                    answered.append(str(number))
            except Exception:  # noqa: BLE001  whatever a client sees of a server that dies
                return

        writer = threading.Thread(target=write, daemon=True)
        writer.start()
        wait_until(lambda: len(answered) >= 50, 20, "fifty documents written")
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        acknowledged = set(answered)

    with _running(data, port):
        found = {item["id"] for item in _container(port).query_items("SELECT c.id FROM c", partition_key="p")}

    assert acknowledged <= found
    assert len(found - set(answered)) <= 1  # the one in flight


def test_sigterm_ends_it_cleanly_while_clients_are_connected(tmp_path: Path) -> None:
    port, data = free_port(), tmp_path / "cosmos.sqlite"
    with _running(data, port) as process, socket.create_connection(("127.0.0.1", port)):
        _container(port).upsert_item({"id": "a", "pk": "p"})

        process.terminate()

        assert process.wait(10) == 0
    assert not data.with_name("cosmos.sqlite-wal").exists()  # folded back: the file was closed


def test_a_taken_port_is_said_in_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        finished = subprocess.run(
            command(tmp_path / "cosmos.sqlite", port=port), cwd=ROOT, capture_output=True, text=True, check=False
        )

    assert finished.returncode == 1
    assert str(port) in finished.stderr
    assert "Traceback" not in finished.stderr


def test_a_key_of_ones_own(tmp_path: Path) -> None:
    port, key = free_port(), "c2VjcmV0"
    with _running(tmp_path / "cosmos.sqlite", port, "--key", key):
        assert _container(port, key).read()["id"] == "c"
        with pytest.raises(CosmosHttpResponseError) as caught:
            _container(port)

    assert caught.value.status_code == 401


def test_a_key_that_is_not_base64_is_refused_at_the_start(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "local.cosmos", "--data", str(tmp_path / "x.sqlite"), "--key", "no key"]
    finished = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)

    assert finished.returncode == 2
    assert "base64" in finished.stderr


def test_a_body_far_too_large_is_answered_not_dropped(cosmos: Cosmos) -> None:
    answer = httpx.post(f"{cosmos.endpoint}dbs", content=b"x" * (17 * 1024 * 1024), timeout=30)

    assert answer.status_code == 413
    assert answer.json()["code"] == "RequestEntityTooLarge"
