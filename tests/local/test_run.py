import errno
import hashlib
import io
import json
import os
import signal
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from local import run as module
from local.config import StackSettings
from local.first_key import FirstKeyError
from local.processes import free_port, port_answers
from local.run import Wish, run, wish
from local.services import Service
from local.unpack import MARKER
from tests.local.conftest import MakeService
from tests.local.fake_api import ID, FakeApi, Json, dataset, label, serving, source

DATASET = f"GET /api/v1/datasets/{ID}"
EXPORTS = f"{DATASET}/exports"


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with serving() as api:
        api.answer("GET /api/v1/health/ready", {"status": "ready"})
        api.answer("POST /api/v1/datasets", dataset("queued"), status=202)
        yield api


@pytest.fixture
def wanted(tmp_path: Path) -> Wish:
    return wish("red panda, snow leopard", images=10, name="pandas", out=tmp_path / "out", time_limit=20)


def give(api: FakeApi, files: dict[str, bytes], *, sha256: str | None = None) -> None:
    """Let the API have an export with these files in one zip."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as zipped:
        for name, data in files.items():
            zipped.writestr(name, data)
    data = out.getvalue()
    file = {"name": "pandas.zip", "bytes": len(data), "sha256": sha256 or hashlib.sha256(data).hexdigest()}
    api.answer(EXPORTS, {"exports": [{"format": "imagefolder", "files": [file]}]})
    api.answer(f"{EXPORTS}/imagefolder/link?file=pandas.zip", {"url": f"{api.url}/blob", "expires": "soon"})
    api.answer("GET /blob", data)


def build(api: FakeApi, wanted: Wish, *states: Json) -> tuple[int, str]:
    """Run against the fake; returns the exit code and what was printed."""
    if states:
        api.answer(DATASET, *states)
    printed = io.StringIO()
    code = run(wanted, StackSettings(host_port=api.port), console=Console(file=printed))
    assert "Traceback" not in printed.getvalue()
    return code, printed.getvalue()


def test_a_ready_dataset_is_unpacked_and_shown(api: FakeApi, wanted: Wish) -> None:
    give(api, {"train/red panda/1.jpg": b"one", "README.md": b"two"})
    done = [label("red panda", 10, rejected=2, reasons={"too_small": 2}), label("snow leopard", 10, duplicates=3)]
    code, printed = build(api, wanted, dataset("building", label("red panda", 4)), dataset("ready", *done))
    assert code == 0
    assert (wanted.folder / "train" / "red panda" / "1.jpg").read_bytes() == b"one"
    assert (wanted.folder / MARKER).read_text() == f"{ID}\n"
    assert sorted(path.name for path in wanted.out.iterdir()) == ["pandas"]
    assert "collecting..." in printed
    assert "too_small 2" in printed
    assert str(wanted.folder) in printed.replace("\n", "")
    (request,) = (json.loads(body) for asked, body in api.asked if asked.startswith("POST"))
    assert [one["name"] for one in request["labels"]] == ["red panda", "snow leopard"]
    assert request["images_per_label"] == 10


def test_an_unusable_folder_is_told_before_anything_is_built(api: FakeApi, wanted: Wish, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    code, printed = build(api, replace(wanted, out=tmp_path / "file"))
    assert code == 2
    assert "cannot be made" in printed
    assert api.asked == []


def test_a_disk_that_fails_in_the_end_is_told(api: FakeApi, wanted: Wish, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "pandas.zip")

    give(api, {"a.txt": b"one"})
    monkeypatch.setattr(module, "unpack", full)
    code, printed = build(api, wanted, dataset("ready", label("red panda", 10)))
    assert code == 1
    assert printed.endswith("pandas.zip cannot be written: No space left on device. The dataset stays in the stack.\n")
    assert list(wanted.out.iterdir()) == []


def test_a_second_run_replaces_the_first(api: FakeApi, wanted: Wish) -> None:
    wanted.folder.mkdir(parents=True)
    (wanted.folder / MARKER).touch()
    (wanted.folder / "old.jpg").touch()
    give(api, {"new.jpg": b"new"})
    assert build(api, wanted, dataset("ready", label("red panda", 10)))[0] == 0
    assert sorted(path.name for path in wanted.folder.iterdir()) == [MARKER, "new.jpg"]


def test_somebody_else_s_folder_is_left_alone_and_nothing_is_built(api: FakeApi, wanted: Wish) -> None:
    wanted.folder.mkdir(parents=True)
    code, printed = build(api, wanted)
    assert code == 2
    assert "was not made by this command" in printed
    assert api.asked == []


def test_an_incomplete_dataset_with_images_is_a_success_with_a_sentence(api: FakeApi, wanted: Wish) -> None:
    give(api, {"1.jpg": b"one"})
    code, printed = build(api, wanted, dataset("incomplete", label("red panda", 3, reasons={"http_4xx": 7})))
    assert code == 0
    assert "red panda: 3 of 10 images; its sources gave no more (most were lost to http_4xx 7)." in printed
    assert (wanted.folder / "1.jpg").exists()


@pytest.mark.parametrize("state", ["incomplete", "failed"])
def test_without_a_network_each_source_is_told_and_nothing_is_left(api: FakeApi, wanted: Wish, state: str) -> None:
    broken = (
        source("duckduckgo", "red panda", "unreachable", "no address for duckduckgo.com"),
        source("duckduckgo", "snow leopard", "unreachable", "no address for duckduckgo.com"),
        source("bing", "red panda", "rate_limited", "429 from www.bing.com"),
    )
    error = "no images" if state == "failed" else None
    code, printed = build(api, wanted, dataset(state, label("red panda", 0), sources=broken, error=error))
    assert code == 1
    assert (
        "duckduckgo could not be reached for red panda, snow leopard: no address for duckduckgo.com\n"
        "bing asked to slow down for red panda: 429 from www.bing.com\n"
    ) in printed
    assert not wanted.out.exists()


def test_the_time_limit_cancels(api: FakeApi, wanted: Wish) -> None:
    api.answer(f"POST /api/v1/datasets/{ID}/cancel", dataset("cancelled"))
    code, printed = build(api, replace(wanted, time_limit=0.5), dataset("building"))
    assert code == 1
    assert "took longer than its time limit" in printed
    assert api.asked[-1][0].endswith("/cancel")


def test_a_refused_request_is_told_with_its_faults(api: FakeApi, wanted: Wish) -> None:
    faults = [{"pointer": "/sources", "detail": "needs a gallery"}]
    api.answers["POST /api/v1/datasets"] = [(400, json.dumps({"detail": "Wrong.", "errors": faults}).encode())]
    code, printed = build(api, wanted)
    assert code == 1
    assert "the API answered 400 to POST /datasets: Wrong. (/sources: needs a gallery)" in printed


def test_a_hiccup_of_the_api_is_waited_out_and_silence_is_not(
    api: FakeApi, wanted: Wish, monkeypatch: pytest.MonkeyPatch
) -> None:
    give(api, {"1.jpg": b"one"})
    api.answer(DATASET, b"oops", status=503)
    assert build(api, wanted, dataset("ready", label("red panda", 10)))[0] == 0
    monkeypatch.setattr(module, "SILENCE_SECONDS", 0.2)
    api.answers[DATASET] = [(503, b"oops")]
    code, printed = build(api, wanted)
    assert code == 1
    assert "the API answered 503" in printed


@pytest.mark.parametrize(
    ("files", "sha256", "told"),
    [({"../evil.sh": b"x"}, None, "leads out of its folder"), ({"1.jpg": b"x"}, "0" * 64, "arrived damaged")],
)
def test_a_bad_download_leaves_nothing(
    api: FakeApi, wanted: Wish, files: dict[str, bytes], sha256: str | None, told: str
) -> None:
    give(api, files, sha256=sha256)
    code, printed = build(api, wanted, dataset("ready", label("red panda", 10)))
    assert code == 1
    assert told in printed
    assert list(wanted.out.iterdir()) == []


def test_a_missing_export_is_told(api: FakeApi, wanted: Wish) -> None:
    api.answer(EXPORTS, {"exports": []})
    code, printed = build(api, wanted, dataset("ready", label("red panda", 10)))
    assert code == 1
    assert "has no export `imagefolder`" in printed


def test_ctrl_c_ends_it_with_130(api: FakeApi, wanted: Wish) -> None:
    def interrupt_once_it_builds() -> None:
        while not any(asked == DATASET for asked, _ in api.asked):
            threading.Event().wait(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt_once_it_builds, daemon=True).start()
    code, printed = build(api, wanted, dataset("building"))
    assert code == 130
    assert printed.endswith(f"The dataset {ID} stays; its build goes on whenever the stack runs.\nInterrupted.\n")


def test_ctrl_c_before_there_is_a_dataset_tells_of_none(
    wanted: Wish, make_service: MakeService, tmp_path: Path
) -> None:
    def interrupt() -> bool:
        signal.raise_signal(signal.SIGINT)
        return False

    stages = ((replace(make_service("little"), ready=interrupt),),)
    settings = StackSettings(host_port=free_port(), data=tmp_path / "data")
    printed = io.StringIO()
    assert run(wanted, settings, stages=stages, console=Console(file=printed)) == 130
    assert printed.getvalue().endswith("Interrupted.\n")
    assert "dataset" not in printed.getvalue()


def test_it_starts_a_stack_when_none_runs_and_stops_it(api: FakeApi, wanted: Wish, make_service: MakeService) -> None:
    """The API comes up with the stack: until then its port refuses."""
    service = make_service("little")
    give(api, {"1.jpg": b"one"})
    api.answers["GET /api/v1/health/ready"] = [(503, b"{}")]
    api.answer(DATASET, dataset("ready", label("red panda", 10)))
    settings = StackSettings(host_port=api.port, data=wanted.out.parent / "data")
    service = replace(service, then=lambda: (settings.data / "api-key").write_text("pxc_1\n"))
    printed = io.StringIO()
    assert run(wanted, settings, stages=((service,),), console=Console(file=printed)) == 0
    assert ("POST /api/v1/datasets", "Bearer pxc_1") in [
        (request, credential) for (request, _), credential in zip(api.asked, api.credentials, strict=True)
    ]
    assert (settings.data / "logs" / "little.log").read_text() == "little speaks\n"
    assert not port_answers(service.ports[0])


def without_stack(wanted: Wish, service: Service, data: Path) -> tuple[int, str]:
    """Run with a stack of one service that never becomes ready."""
    printed = io.StringIO()
    stages = ((replace(service, ready=lambda: False),),)
    settings = StackSettings(host_port=free_port(), data=data)
    return run(wanted, settings, stages=stages, console=Console(file=printed)), printed.getvalue()


def test_a_stack_that_cannot_start_is_a_sentence(wanted: Wish, make_service: MakeService, tmp_path: Path) -> None:
    code, printed = without_stack(wanted, make_service("little", "--fail-if", __file__), tmp_path / "data")
    assert code == 1
    assert "little ended unexpectedly" in printed


def test_a_first_key_that_cannot_be_made_is_a_sentence(wanted: Wish, make_service: MakeService, tmp_path: Path) -> None:
    def then() -> None:
        msg = "the first API key could not be made: no database"
        raise FirstKeyError(msg)

    printed = io.StringIO()
    stages = ((replace(make_service("little"), then=then),),)
    settings = StackSettings(host_port=free_port(), data=tmp_path / "data")
    assert run(wanted, settings, stages=stages, console=Console(file=printed)) == 1
    assert printed.getvalue().endswith("the first API key could not be made: no database\n")


def test_a_taken_port_is_a_sentence(wanted: Wish, make_service: MakeService, tmp_path: Path, api: FakeApi) -> None:
    code, printed = without_stack(wanted, make_service("little", port=api.port), tmp_path / "data")
    assert code == 2
    assert f"port {api.port}, which little needs, is taken" in printed


def test_a_service_that_dies_in_the_middle_ends_the_run(
    api: FakeApi, wanted: Wish, make_service: MakeService, tmp_path: Path
) -> None:
    trigger = tmp_path / "now"
    service = make_service("little", "--fail-if", trigger)
    api.answers["GET /api/v1/health/ready"] = [(503, b"{}")]
    api.answer(DATASET, dataset("building"))
    trigger_later = threading.Timer(0.8, trigger.touch)
    trigger_later.start()
    printed = io.StringIO()
    settings = StackSettings(host_port=api.port, data=tmp_path / "data")
    assert run(wanted, settings, stages=((service,),), console=Console(file=printed)) == 1
    assert "little ended unexpectedly with exit code 3" in printed.getvalue()
    trigger_later.join()


def test_a_wish_without_keywords_is_the_sample() -> None:
    sample = wish(None)
    assert sample.spec.sources == ("sample",)
    assert {one.name for one in sample.spec.labels} == {"landscape", "plant", "vehicle"}
    assert sample.spec.images_per_label == 40
    assert sample.folder == Path("out/sample")


def test_a_wish_with_keywords_is_the_web() -> None:
    web = wish(" red panda ,snow leopard,", images=200)
    assert [one.name for one in web.spec.labels] == ["red panda", "snow leopard"]
    assert web.spec.sources == ("duckduckgo", "bing")
    assert web.spec.images_per_label == 200
    assert web.folder == Path("out/red-panda-snow-leopard")


@pytest.mark.parametrize(
    ("keywords", "images", "told"),
    [
        (" , ", None, "no keyword"),
        ("", None, "no keyword"),
        ("a, A", None, "labels must differ"),
        ("a", 0, "images_per_label: .*greater than or equal to 1"),
        (None, -1, "images_per_label"),
        ("x" * 300, None, r"at most 200"),
    ],
)
def test_a_senseless_wish_is_refused_in_words(keywords: str | None, images: int | None, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        wish(keywords, images=images)
