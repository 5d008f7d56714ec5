import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent.parent.parent / "tools" / "find-python.sh"
GOOD = '#!/bin/sh\ncase "$2" in *version_info*) exit 0 ;; *) echo "$0" ;; esac\n'
TOO_OLD = "#!/bin/sh\nexit 1\n"
SHIM = '#!/bin/sh\necho "pyenv: python3.13: command not found" >&2\nexit 127\n'


class Machine:
    """A machine with only what a test puts on it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.bin = root / "bin"
        self.put("home/.keep", "")
        for tool in ("cat", "mktemp", "rm", "sh"):
            path = shutil.which(tool)
            assert path is not None
            self.bin.mkdir(exist_ok=True)
            (self.bin / tool).symlink_to(path)

    def put(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
        return path

    def find(self, **variables: str) -> subprocess.CompletedProcess[str]:
        env = {"PATH": str(self.bin), "HOME": str(self.root / "home"), **variables}
        return subprocess.run(
            ["/bin/sh", str(SCRIPT)], env=env, capture_output=True, text=True, timeout=20, check=False
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_takes_the_one_on_path(machine: Machine) -> None:
    python = machine.put("bin/python3", GOOD)
    assert machine.find().stdout == f"{python}\n"


def test_prefers_the_version_that_azure_runs(machine: Machine) -> None:
    machine.put("bin/python3", GOOD)
    machine.put("bin/python3.14", GOOD)
    python = machine.put("bin/python3.13", GOOD)
    assert machine.find().stdout == f"{python}\n"


@pytest.mark.parametrize("variable", ["PYENV_ROOT", "HOME"])
def test_looks_among_pyenv_s_versions_behind_a_shim_that_fails(machine: Machine, variable: str) -> None:
    machine.put("bin/python3.13", SHIM)
    machine.put("bin/python3", TOO_OLD)
    folder = "pyenv" if variable == "PYENV_ROOT" else "home/.pyenv"
    machine.put(f"{folder}/versions/3.12.1/bin/python", TOO_OLD)
    python = machine.put(f"{folder}/versions/3.13.0/bin/python", GOOD)
    variables = {"PYENV_ROOT": str(machine.root / "pyenv")} if variable == "PYENV_ROOT" else {}
    found = machine.find(**variables)
    assert (found.stdout, found.stderr) == (f"{python}\n", "")


def test_else_uv_fetches_one(machine: Machine) -> None:
    machine.put("bin/python3", TOO_OLD)
    python = machine.put("fetched/python", GOOD)
    fetched = machine.root / "fetched.txt"
    uv = f'#!/bin/sh\nif [ "$2" = install ]; then echo "$*" >{fetched}; else [ -f {fetched} ] && echo {python}; fi\n'
    machine.put("bin/uv", uv)
    found = machine.find()
    assert found.stdout == f"{python}\n"
    assert "asking uv" in found.stderr
    assert "3.13" in fetched.read_text()


@pytest.mark.parametrize("uv", [None, "#!/bin/sh\nexit 2\n"])
def test_says_what_to_do_when_there_is_none(machine: Machine, uv: str | None) -> None:
    machine.put("bin/python3", TOO_OLD)
    if uv:
        machine.put("bin/uv", uv)
    found = machine.find()
    assert (found.returncode, found.stdout) == (1, "")
    assert "Python 3.13 or newer is needed" in found.stderr
    assert "make setup PYTHON=" in found.stderr


def test_a_named_one_is_taken_or_refused(machine: Machine) -> None:
    machine.put("bin/python3", GOOD)
    named = machine.put("my python", GOOD)
    assert machine.find(PYTHON=str(named)).stdout == f"{named}\n"
    refused = machine.find(PYTHON=str(machine.put("old", TOO_OLD)))
    assert refused.returncode == 1
    assert f"PYTHON={machine.root}/old is no Python 3.13" in refused.stderr


def test_a_real_python_passes_its_test(machine: Machine) -> None:
    found = machine.find(PYTHON=sys.executable)
    assert found.returncode == 0
    assert os.path.samefile(found.stdout.strip(), sys.executable)  # noqa: PTH121 - prints either name of a link
