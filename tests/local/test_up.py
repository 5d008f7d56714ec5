import os
import pty
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from local.processes import port_answers
from local.services import Service
from tests.local.conftest import MakeService

SCRIPT = """
import sys
from pathlib import Path
from local.config import StackSettings
from local.processes import port_answers
from local.services import Service
from local.up import up
service = Service("little", {command!r}, {ports!r}, lambda: port_answers({ports!r}[0]), on_console=True)
sys.exit(up(StackSettings(data=Path({data!r})), stages=((service,),)))
"""


def start(service: Service, data: Path) -> subprocess.Popen[str]:
    script = SCRIPT.format(command=service.command, ports=service.ports, data=str(data))
    return subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_until_ready(process: subprocess.Popen[str]) -> str:
    """What it prints until it is ready; AssertionError with its errors if it ends before."""
    assert process.stdout is not None
    printed = ""
    for line in process.stdout:
        printed += line
        if "Ctrl-C" in line:
            return printed
    raise AssertionError(printed + (process.stderr.read() if process.stderr else ""))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_everything_cleanly(make_service: MakeService, tmp_path: Path, number: signal.Signals) -> None:
    service = make_service("little")
    with start(service, tmp_path) as process:
        printed = wait_until_ready(process)
        assert f"127.0.0.1:{service.ports[0]}" in printed
        assert port_answers(service.ports[0])
        os.kill(process.pid, number)
        out, err = process.communicate(timeout=10)
    assert (process.returncode, err) == (0, "")
    assert out.endswith("Stopped.\n")
    assert not port_answers(service.ports[0])


def test_the_key_is_shown_with_a_request_that_it_opens(make_service: MakeService, tmp_path: Path) -> None:
    (tmp_path / "api-key").write_text("pxc_first\n")
    with start(make_service("little"), tmp_path) as process:
        printed = wait_until_ready(process)
        process.terminate()
        process.communicate(timeout=10)
    assert "\n  pxc_first\n" in printed
    assert f"curl -H \"Authorization: Bearer $(cat '{tmp_path}/api-key')\" http://127.0.0.1:7071/api/v1/me\n" in printed


def test_a_dead_service_ends_it_with_code_1(make_service: MakeService, tmp_path: Path) -> None:
    trigger = tmp_path / "now"
    with start(make_service("little", "--fail-if", trigger), tmp_path / "data") as process:
        wait_until_ready(process)
        trigger.touch()
        _, err = process.communicate(timeout=10)
    assert process.returncode == 1
    assert err.startswith("little ended unexpectedly with exit code 3; the end of ")
    assert err.endswith("  it hurts\n")


def test_a_taken_port_ends_it_with_code_2(make_service: MakeService, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        service = make_service("little", port=other.getsockname()[1])
        with start(service, tmp_path) as process:
            _, err = process.communicate(timeout=10)
    assert process.returncode == 2
    assert err.startswith(f"port {service.ports[0]}, which little needs, is taken")


def test_a_terminal_is_shown_words_and_the_log_keeps_json(make_service: MakeService, tmp_path: Path) -> None:
    line = '{"message": "hello", "level": "info"}'
    service = make_service("little")
    loud = replace(service, command=("/bin/sh", "-c", 'echo "$0" && exec "$@"', line, *service.command))
    script = SCRIPT.format(command=loud.command, ports=loud.ports, data=str(tmp_path))
    ours, theirs = pty.openpty()
    with subprocess.Popen([sys.executable, "-c", script], stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        while not (b"Ctrl-C" in shown and b"hello" in shown):
            shown += os.read(ours, 65_536)
        process.send_signal(signal.SIGTERM)
        process.wait(10)
    os.close(ours)
    assert b'"message"' not in shown
    assert (tmp_path / "logs" / "little.log").read_text().startswith(f"{line}\n")
