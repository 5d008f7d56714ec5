import os
import sys
from pathlib import Path

import pytest

from bench.errors import BenchError
from bench.measure import measure
from bench.memory import in_session
from local.processes import wait_until

MEBIBYTE = 1 << 20
BUSY = "import time\nwhile time.process_time() < 0.3: pass\n"
HOLDS = f"""held = bytearray({64 * MEBIBYTE})
import time
until = time.monotonic() + 0.4
while time.monotonic() < until: time.sleep(0.01)
"""
LEAVES_A_CHILD = """import os, subprocess, sys
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(os.getpid())
"""


def in_a_child(code: str) -> str:
    return f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {code!r}], check=True)\n"


def test_cpu_time_of_grandchildren_counts(tmp_path: Path) -> None:
    taken = measure([sys.executable, "-c", in_a_child(BUSY)], tmp_path / "log")
    assert taken.cpu_seconds >= 0.3
    assert taken.wall_seconds >= 0.3


def test_memory_is_that_of_all_processes_together(tmp_path: Path) -> None:
    code = HOLDS.replace("import time", in_a_child(HOLDS) + "import time", 1)
    taken = measure([sys.executable, "-c", code], tmp_path / "log")
    assert 128 * MEBIBYTE < taken.peak_bytes < 200 * MEBIBYTE


def test_a_failure_tells_the_command_and_the_end_of_what_it_said(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import sys; print('so it goes'); sys.exit(3)"]
    with pytest.raises(BenchError, match=r"(?s)exit code 3.*so it goes"):
        measure(command, tmp_path / "log")


def test_nothing_outlives_its_run(tmp_path: Path) -> None:
    log = tmp_path / "log"
    measure([sys.executable, "-c", LEAVES_A_CHILD], log)
    session = int(log.read_text())
    wait_until(lambda: in_session(session) == [], 5, "the end of what was left")


def test_what_takes_too_long_is_stopped(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    with pytest.raises(BenchError, match=r"stopped after 0\.3 s"):
        measure(command, tmp_path / "log", limit_seconds=0.3)


def test_modules_are_kept_compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    measure([sys.executable, "-c", "import sys; print(sys.dont_write_bytecode)"], tmp_path / "log")
    assert (tmp_path / "log").read_text() == "False\n"


def test_this_process_is_in_its_own_session() -> None:
    assert os.getpid() in in_session(os.getsid(0))
