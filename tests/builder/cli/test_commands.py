"""The commands that need no network, run as people run them: in a process of their own."""

import csv
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

from builder.cli.exits import Exit
from builder.cli.main import cli
from builder.cli.validate import COLUMNS
from builder.manifest import write_manifest
from tests.builder.cli.conftest import Done, Run
from tests.builder.dataset_of import build
from tests.builder.photos import encoded, photo

ROOT = Path(__file__).parents[3]
SECONDS = 60


def apart(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a command as people do."""
    command = [sys.executable, "-m", "builder", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "photos"
    root.mkdir()
    (root / "a.jpg").write_bytes(encoded(photo("chelsea"), quality=90))
    (root / "b.jpg").write_bytes(encoded(photo("chelsea"), quality=60))
    (root / "coffee.png").write_bytes(encoded(photo("coffee"), "PNG"))
    (root / "page.jpg").write_bytes(b"<html>" + b" " * 2_000)
    return root


def test_help_names_every_command_and_code() -> None:
    done = apart("--help")
    assert done.returncode == 0
    for command in ("build", "from-urls", "validate", "dedupe", "export", "rebuild", "remote"):
        assert f"  {command} " in done.stdout
    for code in Exit:
        assert f"\n    {code.value} " in done.stdout


@pytest.mark.parametrize("command", [["build"], ["remote", "build"]])
def test_help_imports_nothing_heavy(command: list[str]) -> None:
    code = "import sys; from builder.cli.main import main; main(sys.argv[1:]); print(*sys.modules)"
    asked = [sys.executable, "-c", code, *command, "--help"]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert not loaded & {"pydantic", "rich", "numpy", "PIL", "pyarrow", "aiohttp", "pycurl", "cv2", "yarl", "requests"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["build", "--out", "x"], "Missing argument"),
        (["build", "cat"], "--out"),
        (["validate", "nowhere-at-all"], "does not exist"),
        (["validate", ".", "--tier", "slow"], "slow"),
        (["validate", ".", "--min-side", "0"], "--min-side: "),
        (["dedupe", ".", "--delete", "--move-to", "x"], "one of them"),
        (["dedupe", ".", "--move-to", "./copies"], "must leave"),
        (["export", "."], "--format"),
        (["export", ".", "--format", "coco"], "holds no dataset"),
        (["build", "cat", "--out", "x", "--source", "sample"], "--sample-url"),
        (["build", "cat", "--out", "x", "--proxy", "::"], "--proxy: "),
        (["build", "cat", "--out", "x", "--ca-file", __file__], "certificate"),
        (["from-urls", "/dev/null", "--out", "x"], "write it to a file first"),
        (["rebuild", "/dev/null", "--out", "x"], "write it to a file first"),
        (["sing"], "sing"),
    ],
)
def test_bad_usage(
    run: Run, arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run(*arguments)
    assert done.returncode == Exit.USAGE
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not done.stdout
    assert list(tmp_path.iterdir()) == []


def test_validate_tells_people(run: Run, folder: Path) -> None:
    done = run("validate", folder)
    assert done.returncode == Exit.DONE
    assert done.stdout.splitlines()[0] == "page.jpg: not_an_image (html)"
    assert "4 images: 3 accepted, 1 rejected" in done.stdout
    assert "validating" in done.stderr


def test_validate_tells_machines(run: Run, folder: Path) -> None:
    done = run("validate", folder, "--json", "--csv", folder.parent / "table.csv", "--fail")
    assert done.returncode == Exit.INCOMPLETE
    assert not done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [tuple(record) for record in told] == [COLUMNS] * 4
    assert [(record["path"], record["reason"]) for record in told] == [
        ("a.jpg", None),
        ("b.jpg", None),
        ("coffee.png", None),
        ("page.jpg", "not_an_image"),
    ]
    with (folder.parent / "table.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert [{key: value or None for key, value in row.items()} for row in table] == [
        {key: None if value is None else str(value) for key, value in record.items()} for record in told
    ]


def test_validate_without_an_image(run: Run, tmp_path: Path) -> None:
    done = run("validate", tmp_path)
    assert done.returncode == Exit.NOTHING
    assert "No image file" in done.stdout
    assert run("validate", tmp_path, "--quiet").stdout == ""


def test_validate_a_dataset(run: Run, tmp_path: Path) -> None:
    folder, rows, _ = build(tmp_path)
    folder.write("manifest.jsonl", write_manifest(rows))
    assert run("validate", tmp_path, "--quiet").returncode == Exit.DONE
    done = run("validate", tmp_path, "--tier", "strict")
    assert (done.returncode, done.stdout) == (Exit.USAGE, "")
    assert "Leave out --tier" in done.stderr
    next((tmp_path / "shards").iterdir()).unlink()
    done = run("validate", tmp_path)
    assert done.returncode == Exit.INCOMPLETE
    assert "24 images: 18 accepted, 6 rejected\n        6  missing" in done.stdout


@pytest.mark.parametrize("command", ["validate", "dedupe"])
def test_a_build_that_did_not_end_is_no_folder_of_images(run: Run, tmp_path: Path, command: str) -> None:
    (tmp_path / "rows").mkdir()
    (tmp_path / "plan.json").write_text("{}")
    done = run(command, tmp_path)
    assert (done.returncode, done.stdout) == (Exit.USAGE, "")
    assert "repeat the command that began it" in done.stderr


def test_dedupe_reports_then_moves(run: Run, folder: Path) -> None:
    done = run("dedupe", folder)
    assert done.returncode == Exit.DONE
    assert done.stdout.startswith("a.jpg\n    b.jpg (")
    assert "not compared: page.jpg" in done.stderr
    assert (folder / "b.jpg").exists()
    away = folder.parent / "away"
    done = run("dedupe", folder, "--move-to", away, "--json")
    group = json.loads(done.stdout)
    assert (group["kept"], [copy["path"] for copy in group["copies"]]) == ("a.jpg", ["b.jpg"])
    assert sorted(path.name for path in folder.iterdir()) == ["a.jpg", "coffee.png", "page.jpg"]
    assert (away / "b.jpg").exists()


def test_dedupe_deletes(run: Run, folder: Path) -> None:
    assert run("dedupe", folder, "--delete", "--quiet").stdout == ""
    assert not (folder / "b.jpg").exists()


def test_names_that_are_no_text(run: Run, folder: Path) -> None:
    (folder / "page.jpg").rename(folder / os.fsdecode(b"p\xff.jpg"))
    assert "p\\udcff.jpg: not_an_image" in run("validate", folder).stdout
    assert '"p\\udcff.jpg"' in run("validate", folder, "--json", "--csv", folder / "t.csv").stdout
    assert b"p\xff.jpg,rejected" in (folder / "t.csv").read_bytes()


def test_names_that_would_steer_the_terminal(run: Run, folder: Path) -> None:
    (folder / "page.jpg").rename(folder / "\x1b[2J\n.jpg")
    (folder / "b.jpg").rename(folder / "b\x9b.jpg")
    for command in ("validate", "dedupe"):
        done = run(command, folder)
        assert "\x1b" not in done.stdout + done.stderr
        assert "\\x1b[2J\\x0a.jpg: not_an_image" in done.stdout + done.stderr
    assert "    b\\x9b.jpg (" in done.stdout


def test_quiet_is_quiet(run: Run, folder: Path) -> None:
    for command in ("validate", "dedupe"):
        assert run(command, folder, "--quiet", "--json") == Done(Exit.DONE, "", "")


def test_a_reader_that_has_had_enough(folder: Path) -> None:
    for number in range(200):
        (folder / f"{number}.jpg").write_bytes(b"none " * 500)
    command = [sys.executable, "-m", "builder", "validate", str(folder), "--json", "--processes", "1"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""


def test_an_interrupt_that_became_another_error_is_one(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in numpy's C modules, when Ctrl-C comes while they are imported."""

    @click.command
    def loading() -> None:
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            raise ImportError from None

    monkeypatch.setitem(cli.commands, "loading", loading)
    done = run("loading")
    assert done.returncode == Exit.INTERRUPTED
    assert done.stderr.startswith("Interrupted. ")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_interrupted(folder: Path) -> None:
    for number in range(1_000):
        (folder / f"{number}.jpg").symlink_to("a.jpg")
    command = [sys.executable, "-m", "builder", "validate", str(folder), "--json", "--processes", "2"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout
        process.stdout.readline()
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to every process
        _, errors = process.communicate(timeout=SECONDS)
    assert process.returncode == Exit.INTERRUPTED
    assert errors.strip() == "Interrupted. What is done is kept: the same command again goes on from there."
