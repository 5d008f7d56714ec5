import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from local.processes import wait_until

ROOT = Path(__file__).parent.parent.parent


def put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def fresh(folder: Path, *tools: str, node: str | None = "v20.0.0") -> Path:
    """A project that is not set up, and a `bin` with these tools of the system's and a Node.js of that version."""
    (folder / "tools").mkdir()
    shutil.copy(ROOT / "tools" / "setup.sh", folder / "tools")
    found = folder / "bin"
    found.mkdir()
    for tool in ("sed", "dirname", "sh", *tools):
        (found / tool).symlink_to(shutil.which(tool) or "")
    if node:
        put(found / "node", f"#!/bin/sh\necho {node}\n")
    return found


def set_up(folder: Path) -> subprocess.CompletedProcess[str]:
    command = ["/bin/sh", str(folder / "tools" / "setup.sh")]
    environment = {"PATH": str(folder / "bin")}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=20, check=False)


def test_a_missing_npm_is_told_before_anything_is_made(tmp_path: Path) -> None:
    fresh(tmp_path)
    done = set_up(tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("npm is needed")
    assert not (tmp_path / ".venv").exists()


def test_an_interrupt_leaves_nothing_running(tmp_path: Path) -> None:
    endless = "#!/bin/sh\necho $$ >{}.tmp && mv {}.tmp {} && exec sleep 60\n"
    pid, pip = tmp_path / "npm.pid", tmp_path / "pip.pid"
    found = fresh(tmp_path, "mv", "sleep", "grep")
    put(found / "npm", endless.format(pid, pid, pid))
    is_new_enough = 'case "$1" in -c) exit 0 ;; esac\n'
    put(tmp_path / ".venv" / "bin" / "python", endless.format(pip, pip, pip).replace("echo", f"{is_new_enough}echo", 1))
    (tmp_path / "requirements-dev.txt").write_text("uv==1\n")
    process = subprocess.Popen(
        ["/bin/sh", str(tmp_path / "tools" / "setup.sh")], env={"PATH": str(found)}, start_new_session=True
    )
    wait_until(lambda: pid.exists() and pip.exists(), 10, "npm and pip being at work")
    os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C does
    assert process.wait(10) == 130
    wait_until(lambda: not Path(f"/proc/{pid.read_text().strip()}/exe").exists(), 5, "the end of npm")


@pytest.mark.parametrize(("node", "told"), [("v18.20.0", "v18.20.0 is here"), (None, "none is here")])
def test_an_old_or_missing_node_is_told_before_anything_is_made(tmp_path: Path, node: str | None, told: str) -> None:
    fresh(tmp_path, node=node)
    done = set_up(tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("Node.js 20 or newer is needed")
    assert told in done.stderr
    assert not (tmp_path / ".venv").exists()


def test_lock_files_name_no_registry() -> None:
    assert '"resolved"' not in (ROOT / "package-lock.json").read_text()
    for name in ("requirements.txt", "requirements-dev.txt", "tools/infra/checkov.txt"):
        text = (ROOT / name).read_text()
        assert "://" not in text
        assert "index-url" not in text


def test_every_requirement_is_pinned() -> None:
    for name in ("requirements.txt", "requirements-dev.txt", "tools/infra/checkov.txt"):
        lines = [line for line in (ROOT / name).read_text().splitlines() if line and not line.lstrip().startswith("#")]
        assert lines
        assert all("==" in line for line in lines)


def test_what_runs_on_azure_is_the_same_in_development() -> None:
    azure, development = (
        {line for line in (ROOT / name).read_text().splitlines() if "==" in line}
        for name in ("requirements.txt", "requirements-dev.txt")
    )
    assert azure <= development


def test_scripts_may_be_run() -> None:
    assert all(os.access(path, os.X_OK) for path in (ROOT / ".ci" / "run", *(ROOT / "tools").glob("*.sh")))
