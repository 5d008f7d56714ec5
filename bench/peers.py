"""The peers, each in an environment of its own: img2dataset does not import on Python 3.13."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from bench.errors import BenchError

_HERE = Path(__file__).parent
_VERSIONS = ("3.12", "3.11")


@dataclass(frozen=True, slots=True)
class Peer:
    """A tool in its environment."""

    name: str
    version: str
    python: Path
    python_version: str


def img2dataset(environments: Path) -> Peer:
    """img2dataset, installed below `environments` unless it is there. Raises BenchError when that cannot be done."""
    return _peer("img2dataset", environments)


def cleanvision(environments: Path) -> Peer:
    """CleanVision, as `img2dataset`."""
    return _peer("cleanvision", environments)


def _peer(name: str, environments: Path) -> Peer:
    pins = _HERE / "pins" / f"{name}.txt"
    folder = environments / name
    python = folder / "bin" / "python"
    stamp = folder / "installed.txt"
    if not stamp.exists() or stamp.read_text() != pins.read_text():
        uv = _uv()
        _run(uv, "venv", "--quiet", "--clear", "--python", _interpreter(), str(folder))
        _run(uv, "pip", "install", "--quiet", "--python", str(python), "--requirements", str(pins))
        stamp.write_text(pins.read_text())
    line = next(line for line in pins.read_text().splitlines() if line.startswith(f"{name}=="))
    told = subprocess.run([python, "--version"], capture_output=True, text=True, check=True)  # noqa: S603 - ours
    return Peer(name, line.partition("==")[2], python, told.stdout.split()[1])


def _uv() -> str:
    beside = Path(sys.executable).parent / "uv"
    found = str(beside) if beside.exists() else shutil.which("uv")
    if found is None:
        msg = "uv is needed to install the peers: make setup"
        raise BenchError(msg)
    return found


def _interpreter() -> str:
    """A Python 3.12, else 3.11: under pyenv, else on PATH, else what uv fetches by its number."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for version in _VERSIONS:
        for candidate in (*sorted(pyenv.glob(f"{version}.*/bin/python")), shutil.which(f"python{version}")):
            if candidate is not None and _answers(candidate):
                return str(candidate)
    return _VERSIONS[0]


def _answers(python: str | Path) -> bool:
    """Whether it is an interpreter, and not a shim in front of none."""
    return subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0  # noqa: S603 - found


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - the callers' own
    if done.returncode != 0:
        msg = f"a peer could not be installed:\n  {' '.join(command)}\n{done.stderr.strip()}"
        raise BenchError(msg)
