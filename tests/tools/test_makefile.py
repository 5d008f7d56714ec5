import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
# Without what an outer make passes on: `make test` runs these tests too.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "MFLAGS", "MAKELEVEL"}}
PYTHON = '#!/bin/sh\nprintf "%s\\0" "$@" >arguments\n'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The Makefile in a folder that is set up already, with a Python that writes down how it is called."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    sources = ("requirements-dev.txt", "package.json", "package-lock.json", "tools/infra/checkov.txt")
    for name in (*sources, "tools/setup.sh", "tools/find-python.sh"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    python = tmp_path / ".venv" / "bin" / "python"
    python.write_text(PYTHON)
    python.chmod(0o755)
    (tmp_path / ".venv" / ".set-up").touch()
    return tmp_path


def make(project: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    env = {**ENVIRONMENT, **variables}
    command = ["make", "-s", *arguments]
    return subprocess.run(command, cwd=project, env=env, capture_output=True, text=True, timeout=20, check=False)


def called(project: Path, *arguments: str, **variables: str) -> list[str]:
    make(project, *arguments, **variables).check_returncode()
    return (project / "arguments").read_text().split("\0")[:-1]


def test_run_without_words_builds_the_sample(project: Path) -> None:
    assert called(project, "run") == ["-m", "local", "run"]


@pytest.mark.parametrize(
    "words",
    [
        "red panda, snow leopard",
        "$(shell touch made)",
        "$$(touch made); `touch made` && touch made",
        'it\'s "quoted" \\ #not a comment',
        "--help",
        "*",
    ],
)
def test_keywords_arrive_as_they_were_typed_and_run_nothing(project: Path, words: str) -> None:
    assert called(project, "run", f"KEYWORDS={words}", "IMAGES=200") == [
        "-m", "local", "run", f"--keywords={words}", "--images=200",
    ]  # fmt: skip
    assert called(project, "run", KEYWORDS=words) == ["-m", "local", "run", f"--keywords={words}"]
    assert not (project / "made").exists()


def test_a_benchmark_writes_its_page_only_when_all_of_it_ran(project: Path) -> None:
    assert called(project, "bench", "PHOTOS=my photos") == [
        "-m", "bench", "--photos=my photos", "--page=docs/benchmarks.md",
    ]  # fmt: skip
    assert called(project, "bench", "ROUNDS=2", "ONLY=resize,https", "COUNT=500") == [
        "-m", "bench", "--rounds=2", "--count=500", "--only=resize,https",
    ]  # fmt: skip


def test_a_quick_look_at_the_api_leaves_its_page_alone(project: Path) -> None:
    assert called(project, "bench-api") == ["-m", "bench.api", "--page=docs/benchmarks-api.md"]
    assert called(project, "bench-api", "REQUESTS=64") == [
        "-m", "bench.api", "--requests=64", "--memory-requests=64",
    ]  # fmt: skip


def test_a_target_sets_up_first_and_only_once(project: Path) -> None:
    (project / ".venv" / ".set-up").unlink()
    (project / "tools" / "setup.sh").write_text("echo again >>setups\n")
    called(project, "up")
    assert called(project, "up") == ["-m", "local", "up"]
    assert (project / "setups").read_text() == "again\n"


def test_a_failed_set_up_stops_make(project: Path) -> None:
    (project / ".venv" / ".set-up").unlink()
    (project / "tools" / "setup.sh").write_text("exit 1\n")
    assert make(project, "up").returncode == 2
    assert not (project / "arguments").exists()


def test_help_lists_every_target(project: Path) -> None:
    shown = make(project).stdout
    listed = {line.split()[1] for line in shown.splitlines()}
    working = {"help", "setup", "run", "up", "test", "lint", "types", "lock", "clean"}
    assert listed == working | {"bench", "bench-api", "cost", "simulate", "smoke", "histories"}


def test_clean_keeps_what_was_built(project: Path) -> None:
    (project / "out").mkdir()
    make(project, "clean").check_returncode()
    assert (project / "out").is_dir()
    assert not (project / ".venv").exists()
