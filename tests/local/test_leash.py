import os
import signal
import sys
from pathlib import Path

import pytest

from local.processes import port_answers, spawn, wait_until
from tests.local.conftest import MakeService


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux kills a process when its parent dies")
def test_the_command_dies_with_its_leash(make_service: MakeService) -> None:
    service = make_service("dog", "--stubborn")
    process = spawn(service.command)
    wait_until(service.ready, 10, "the service answering")
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait(5) == -signal.SIGKILL
    wait_until(lambda: not port_answers(service.ports[0]), 5, "the end of the command")


def test_a_command_that_is_not_there_is_told_in_a_sentence(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as log:
        process = spawn(["no-such-command", "x"], output=log)
    assert process.wait(10) == 127
    assert (tmp_path / "log").read_text() == "no-such-command cannot be started: No such file or directory\n"
