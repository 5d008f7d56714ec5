import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize(("node", "told"), [("v18.20.0", "v18.20.0 is here"), (None, "none is here")])
def test_an_old_or_missing_node_is_told_before_anything_is_made(tmp_path: Path, node: str | None, told: str) -> None:
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools" / "setup.sh", tmp_path / "tools")
    tools = tmp_path / "bin"
    tools.mkdir()
    for tool in ("sed", "dirname", "sh"):
        (tools / tool).symlink_to(shutil.which(tool) or "")
    if node:
        (tools / "node").write_text(f"#!/bin/sh\necho {node}\n")
        (tools / "node").chmod(0o755)
    done = subprocess.run(
        ["/bin/sh", str(tmp_path / "tools" / "setup.sh")],
        env={"PATH": str(tools)},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("Node.js 20 or newer is needed")
    assert told in done.stderr
    assert not (tmp_path / ".venv").exists()


def test_lock_files_name_no_registry() -> None:
    assert '"resolved"' not in (ROOT / "package-lock.json").read_text()
    for name in ("requirements.txt", "requirements-dev.txt"):
        text = (ROOT / name).read_text()
        assert "://" not in text
        assert "index-url" not in text


def test_every_requirement_is_pinned() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
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
