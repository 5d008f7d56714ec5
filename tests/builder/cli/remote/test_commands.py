"""The remote commands against a server that plays the API."""

import hashlib
import json
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from builder.cli.exits import Exit
from builder.cli.remote.access import API_VARIABLE, KEY_VARIABLE
from builder.cli.remote.main import remote
from tests.builder.cli.conftest import Done, Run
from tests.builder.remote.server import (
    ID,
    Answer,
    Json,
    Server,
    dataset,
    event,
    label,
    problem,
    serving,
    stream,
)
from tests.readme import ROOT, commands, quoted

KEY = "pxc_secret"
PAGE = ROOT / "docs" / "remote.md"
PATH = f"/datasets/{ID}"
DATA = b"an archive"
FILE: Json = {"name": "pandas.zip", "bytes": len(DATA), "sha256": hashlib.sha256(DATA).hexdigest()}
ESTIMATE: Json = {
    "images": 3, "candidates": 6, "rounds": 1, "shards": 1, "stored_bytes": 600, "least_cost": 0.01,
    "cost": {"total": 0.02, "currency": "USD"}, "assumptions": ["Hosts are quick."],
}  # fmt: skip


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture
def call(run: Run, server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Done]:
    """A remote command with address and key in the environment."""
    monkeypatch.setenv(API_VARIABLE, server.url)
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: run("remote", *arguments)


def ending(server: Server, state: str, *labels: Json) -> None:
    """A build that is watched to this end, and has one export."""
    server.answer("POST /datasets", dataset("queued"))
    collecting = event("state", "1", state="building", stage="collecting", final=False)
    progress = event("progress", "2", labels=[label("red panda", 4)])
    warning = event("warning", "3", label="red panda", sources=["bing"], message="bing asked to slow down")
    final = event("state", "4", state=state, stage=None, final=True)
    server.answer(f"GET {PATH}/events", stream(collecting, progress, warning, final))
    server.answer(f"GET {PATH}", dataset(state, *labels))
    server.answer(f"GET {PATH}/exports", {"exports": [{"format": "imagefolder", "files": [FILE]}]})
    server.answer(f"GET {PATH}/exports/imagefolder/link?file=pandas.zip", {"url": f"{server.url}/blob"})
    server.answer("GET /blob", Answer(200, DATA))


def test_build_watches_and_downloads(server: Server, call: Callable[..., Done]) -> None:
    ending(server, "ready", label("red panda", 10, rejected=2, reasons={"too_small": 2, "blurry": 7}))
    done = call("build", "red panda", "--images", "10", "--out", "out", "--source", "sample", "--export", "imagefolder")
    assert done.returncode == Exit.DONE
    assert Path("out/imagefolder/pandas.zip").read_bytes() == DATA
    assert "7 blurry, 2 too small" in done.stdout
    assert "collecting: 4 of 10" in done.stderr
    assert "Warning: red panda: bing asked to slow down" in done.stderr
    (asked,) = server.requests("POST")
    told = json.loads(asked.body)
    assert told["labels"][0]["name"] == "red panda"
    assert (told["images_per_label"], told["sources"]) == (10, ["sample"])
    assert KEY not in done.stdout + done.stderr


def test_the_same_build_again_goes_on_and_another_is_refused(server: Server, call: Callable[..., Done]) -> None:
    ending(server, "ready", label("cat", 10))
    first = call("build", "cat", "--out", "out", "--json")
    second = call("build", "cat", "--out", "out", "--json")
    assert first == second
    assert json.loads(first.stdout)["files"] == ["out/imagefolder/pandas.zip"]
    assert len(server.requests("POST")) == len(server.requests("/blob")) == 1
    done = call("build", "dog", "--out", "out")
    assert done.returncode == Exit.USAGE
    assert f"out is for {ID}: choose another folder" in done.stderr
    Path("out/remote.json").write_text("{")
    assert "remote.json is damaged" in call("build", "cat", "--out", "out").stderr


def test_a_build_that_was_not_answered_is_repeated_under_its_key(server: Server, call: Callable[..., Done]) -> None:
    server.answer("POST /datasets", 501)
    assert call("build", "cat", "--out", "out").returncode == Exit.FAILED
    server.answers.clear()
    ending(server, "ready", label("cat", 10))
    assert call("build", "cat", "--out", "out").returncode == Exit.DONE
    first, second = (one.headers["idempotency-key"] for one in server.requests("POST"))
    assert first == second


@pytest.mark.parametrize(
    ("state", "accepted", "code"),
    [
        ("ready", 10, Exit.DONE), ("incomplete", 4, Exit.INCOMPLETE), ("incomplete", 0, Exit.NOTHING),
        ("failed", 4, Exit.FAILED), ("cancelled", 4, Exit.FAILED),
    ],
)  # fmt: skip
def test_how_a_build_ended_is_the_exit_code(
    server: Server, call: Callable[..., Done], state: str, accepted: int, code: Exit
) -> None:
    ending(server, state, label("cat", accepted))
    assert call("watch", ID).returncode == code
    done = call("build", "cat", "--out", "out", "--quiet")
    assert done == Done(code, "", "")
    assert Path("out/imagefolder").exists() == (code in {Exit.DONE, Exit.INCOMPLETE})


def test_events_for_machines(server: Server, call: Callable[..., Done]) -> None:
    ending(server, "ready", label("cat", 10))
    done = call("watch", ID, "--json")
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(one["event"], one["id"]) for one in told] == [
        ("state", "1"), ("progress", "2"), ("warning", "3"), ("state", "4"),
    ]  # fmt: skip
    assert done.stderr == ""


def test_an_interrupt_leaves_the_build_and_says_how_to_go_on(
    server: Server, call: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    server.answer("POST /datasets", dataset("queued"))
    monkeypatch.setattr("builder.cli.remote.build.follow", stopped)
    done = call("build", "cat")
    assert done.returncode == Exit.INTERRUPTED
    assert f"The server goes on: python -m builder remote watch {ID} follows it" in done.stderr
    assert "the same command again follows it" in call("build", "cat", "--out", "out").stderr


def test_a_dry_run_and_no_wait(server: Server, call: Callable[..., Done]) -> None:
    server.answer("POST /datasets?dry_run=true", ESTIMATE)
    done = call("build", "cat", "--dry-run", "--max-cost", "0.5")
    assert "about 0.0200 USD; at least 0.0100\n- Hosts are quick." in done.stdout
    assert json.loads(server.asked[0].body)["max_cost"] == 0.5
    assert json.loads(call("build", "cat", "--dry-run", "--json").stdout)["cost"]["total"] == 0.02
    server.answer("POST /datasets", dataset("queued"))
    assert call("build", "cat", "--no-wait").stdout == f"{ID}\n"


def test_list_show_cancel_and_delete(server: Server, call: Callable[..., Done]) -> None:
    page = {"datasets": [dataset("ready", name="pan\x1bdas")], "next": None}
    server.answer("GET /datasets?limit=100&state=ready", page)
    assert call("list", "--state", "ready").stdout == f"{ID}  2026-01-01 00:00  ready  pan\\x1bdas\n"
    server.answer(f"GET {PATH}", dataset("building", label("cat", 4), stage="collecting"))
    assert "building (collecting)" in call("show", ID).stdout
    assert json.loads(call("show", ID, "--json").stdout)["progress"]["labels"][0]["accepted"] == 4
    server.answer(f"POST {PATH}/cancel", dataset("cancelled"))
    assert "cancelled" in call("cancel", ID).stdout
    server.answer(f"DELETE {PATH}", Answer(202))
    assert call("delete", ID) == Done(Exit.DONE, "", "")


def test_download(server: Server, call: Callable[..., Done]) -> None:
    ending(server, "ready")
    done = call("download", ID, "--out", "out")
    assert "out/imagefolder/pandas.zip" in done.stdout
    assert json.loads(call("download", ID, "--out", "out", "--json").stdout) == {
        "path": "out/imagefolder/pandas.zip", "bytes": len(DATA), "sha256": FILE["sha256"],
    }  # fmt: skip
    done = call("download", ID, "--out", "out", "--format", "coco")
    assert (done.returncode, "no such export" in done.stderr) == (Exit.USAGE, True)
    server.answers[f"GET /api/v1{PATH}/exports"] = [Answer(200, b'{"exports": []}')]
    assert call("download", ID, "--out", "out").returncode == Exit.NOTHING


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["show", ID], Exit.USAGE, "There is no such thing here"),
        (["show", ID, "--api", "nowhere"], Exit.USAGE, "--api: 'nowhere' is no address"),
        (["show", ID, "--api", "http://pix.example.org"], Exit.USAGE, "unencrypted"),
        (["show", ID, "--key-file", "/dev/null"], Exit.USAGE, "no API key: set PIXCRAWLER_KEY"),
        (["build", "cat", "--images", "0"], Exit.USAGE, "--images: "),
        (["build", "cat", "--no-wait", "--out", "x"], Exit.USAGE, "leave one of them out"),
        (["list"], Exit.FAILED, "answered 429"),
    ],
)
def test_errors_in_words(
    server: Server, call: Callable[..., Done], arguments: list[str], code: Exit, message: str
) -> None:
    server.answer("GET /datasets?limit=100", problem(429, "too-many-requests", "No.", retry_after="3600"))
    done = call(*arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert message in done.stderr
    assert KEY not in done.stderr
    assert not Path("x").exists()


@pytest.mark.parametrize("content", ["two words", "pxc_\x01", "pxc_é"])
def test_a_file_without_a_key_is_told_and_not_shown(call: Callable[..., Done], content: str) -> None:
    Path("key").write_text(content)
    done = call("list", "--key-file", "key")
    assert (done.returncode, "the API key is none" in done.stderr) == (Exit.USAGE, True)
    assert content not in done.stderr


def test_the_key_file_goes_before_the_environment(server: Server, call: Callable[..., Done]) -> None:
    server.answer("GET /datasets?limit=100", {"datasets": [], "next": None})
    Path("key").write_text("pxc_other\n")
    call("list", "--key-file", "key")
    assert server.asked[0].headers["authorization"] == "Bearer pxc_other"


def test_the_page_tells_what_there_is(server: Server, call: Callable[..., Done]) -> None:
    ending(server, "ready", label("cat", 10))
    server.answer("POST /datasets?dry_run=true", ESTIMATE)
    server.answer("GET /datasets?limit=100&state=building", {"datasets": [], "next": None})
    for command in commands(PAGE):
        words = shlex.split(command)
        if words[0] == "export":
            assert words[1].partition("=")[0] in {API_VARIABLE, KEY_VARIABLE}
        else:
            assert words[:4] == ["python", "-m", "builder", "remote"]
            assert call(*words[4:]).returncode == Exit.DONE, command
    told = {word for text in quoted(PAGE) for word in re.findall(r"^remote (\w+)", text)}
    assert told == set(remote.commands)
    options = {name for command in remote.commands.values() for one in command.params for name in one.opts}
    assert {word for text in quoted(PAGE) for word in re.findall(r"--[a-z-]+", text)} <= options
