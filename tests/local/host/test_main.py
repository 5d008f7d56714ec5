import json
import os
import pty
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from local import azurite
from local.host import command

ROOT = Path(__file__).parents[3]
NO_STORAGE = azurite.connection_string(blob_port=1, queue_port=1, table_port=1)
APP = """
import os, logging, time
import azure.functions as func
from starlette.requests import Request
from starlette.responses import Response

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)

@app.route("env")
async def env(req: Request) -> Response:
    logging.getLogger("mine").info("the app says something", extra={"size": 3})
    return Response(os.environ["FROM_FILE"] + os.environ["FROM_BOTH"])

@app.route("fail")
async def fail(req: Request) -> Response:
    raise ValueError("the reason")

@app.route("stuck")
def stuck(req: Request) -> Response:
    logging.getLogger("mine").info("stuck now")
    time.sleep(600)
"""


@contextmanager
def started(directory: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [*command(directory / "function_app.py", port=0), *arguments],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "FROM_BOTH": "environment", "AzureWebJobsStorage": NO_STORAGE},
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def line(process: subprocess.Popen[str], event: str) -> dict[str, Any]:
    """The first log line from here on that says `event`."""
    assert process.stderr
    for text in process.stderr:
        found: dict[str, Any] = json.loads(text)
        if found["message"] == event:
            return found
    pytest.fail(f"the host ended without saying {event}")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "function_app.py").write_text(APP)
    (tmp_path / "local.settings.json").write_text('{"Values": {"FROM_FILE": "file ", "FROM_BOTH": "file"}}')
    return tmp_path


def test_it_says_when_it_is_ready_serves_and_ends_on_a_signal(directory: Path) -> None:
    with started(directory) as process:
        ready = line(process, "ready")
        assert ready["durable"] is None  # nothing in this app needs a task hub
        assert ready["routes"] == {"env": "api/env", "fail": "api/fail", "stuck": "api/stuck"}
        assert httpx.get(f"{ready['url']}/api/env").text == "file environment"
        said = line(process, "the app says something")
        invocation = line(process, "invocation")
        assert (said["logger"], said["size"], said["function"]) == ("mine", 3, "env")
        assert said["invocation_id"] == invocation["invocation_id"]
        assert (invocation["function"], invocation["outcome"], invocation["level"]) == ("env", "succeeded", "info")
        assert httpx.get(f"{ready['url']}/api/fail").status_code == 500
        failed = line(process, "invocation")
        assert (failed["outcome"], failed["level"]) == ("failed", "error")
        assert "ValueError: the reason" in failed["exception"]
        process.send_signal(signal.SIGTERM)
        line(process, "stopping")
        assert process.wait(10) == 0


def test_a_synchronous_function_that_never_ends_does_not_keep_the_host(directory: Path) -> None:
    with started(directory, "--grace", "0.1") as process:
        url = line(process, "ready")["url"]
        with socket.create_connection(("127.0.0.1", httpx.URL(url).port or 0)) as client:
            client.sendall(b"GET /api/stuck HTTP/1.1\r\nHost: x\r\n\r\n")
            line(process, "stuck now")
            process.send_signal(signal.SIGINT)
            assert process.wait(10) == 0


@pytest.mark.parametrize(
    ("app", "arguments", "sentence"),
    [
        ("app = 1", [], "has no `app`"),
        (APP, ["--port", "{taken}"], "port {taken} cannot be used"),
        (
            APP + "\napp.timer_trigger(arg_name='t', schedule='0 0 3 * * *')(lambda t: None)",
            [],
            "storage does not answer",
        ),
    ],
)
def test_what_keeps_it_from_starting_is_one_sentence(
    tmp_path: Path, app: str, arguments: list[str], sentence: str
) -> None:
    (tmp_path / "function_app.py").write_text(app)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = str(other.getsockname()[1])
        with started(tmp_path, *(word.format(taken=taken) for word in arguments)) as process:
            _, errors = process.communicate(timeout=20)
    assert process.returncode == 2
    last = json.loads(errors.splitlines()[-1])
    assert last["message"].startswith("cannot start: ")
    assert sentence.format(taken=taken) in last["message"]
    assert "Traceback" not in errors


def test_on_a_terminal_the_lines_are_for_people(tmp_path: Path) -> None:
    screen, terminal = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "local.host", "--app", str(tmp_path / "nowhere.py")], cwd=ROOT, stderr=terminal
    ) as process:
        os.close(terminal)
        text = b""
        while b"\n" not in text:
            text += os.read(screen, 4096)
        assert process.wait(10) == 2
    os.close(screen)
    assert b"\x1b[" in text
    assert b"nowhere.py is not there" in text
