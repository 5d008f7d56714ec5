"""Whole builds in processes, from a server on loopback; stopped, killed and gone on with."""

import hashlib
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import pytest
from PIL import ImageOps

from builder.errors import BuildInUseError, DifferentBuildError, NotADatasetError, SettingError, UrlListError
from builder.limits import FetchLimits
from builder.manners import Manners
from builder.rounds import SHARD_SIZE
from builder.rows import ImageRow
from builder.run import Progress, RunOptions, _workers, build, export, finish, from_urls
from builder.spec import DatasetSpec, DedupeSpec, ImageSpec, LabelSpec, SplitSpec
from builder.takedown import TakeDownList
from builder.urls import UrlRow, parse_url_list
from builder.workspace import Workspace
from tests.builder.counting import CountingSite, counting_site, wait_until
from tests.builder.photos import encoded, picture

PICTURES = {f"/{number:03}.jpg": encoded(picture(number)) for number in range(150)}
SPEC = DatasetSpec(name="x", labels=(LabelSpec(name="cat"),))
PICTURES["/copy.jpg"] = encoded(picture(0), quality=30)


@pytest.fixture
def site() -> Iterator[CountingSite]:
    with counting_site(PICTURES) as running:
        yield running


def options(site: CountingSite, processes: int = 2) -> RunOptions:
    return RunOptions(processes=processes, limits=FetchLimits(per_host=16), exceptions=site.exception)


def listed(site: CountingSite, count: int = 100, label: Callable[[int], str | None] = lambda _: None) -> list[UrlRow]:
    return [
        UrlRow(url=site.url(path), label=label(number), line=number + 1)
        for number, path in enumerate(list(PICTURES)[:count])
    ]


def manifest(out: Path) -> list[ImageRow]:
    return [ImageRow.model_validate_json(line) for line in (out / "manifest.jsonl").read_bytes().splitlines()]


def test_a_list_becomes_a_dataset(site: CountingSite, tmp_path: Path) -> None:
    rows = listed(site, 100, lambda number: "even" if number % 2 == 0 else None)
    rows += [rows[0], UrlRow(url=site.url("/gone.jpg"), line=102), UrlRow(url=site.url("/copy.jpg"), line=103)]
    told: list[Progress] = []
    served = [*list(PICTURES)[:100], "/copy.jpg"]
    report = from_urls(
        "numbers", lambda: rows, tmp_path, options(site), exports=("webdataset",), label="odd", on_progress=told.append
    )
    assert {label.label: label.accepted for label in report.labels} == {"even": 50, "odd": 50}
    assert report.totals.reasons == {"http_4xx": 1, "near_duplicate": 1}
    assert report.complete
    assert [row.key for row in manifest(tmp_path)] == sorted(row.key for row in manifest(tmp_path))
    assert sum(row.split is not None for row in manifest(tmp_path)) == 100
    assert (tmp_path / "exports" / "webdataset" / "train-00000.tar").is_file()
    assert all(count == 1 for path, count in site.requests.items() if path.endswith(".jpg"))
    assert told[-1] == Progress(
        "done", total=102, done=102, accepted=101, failed=1, fetched_bytes=sum(len(PICTURES[path]) for path in served)
    )
    assert [stage for stage in dict.fromkeys(one.stage for one in told) if stage != "searching"] == [
        "fetching",
        "deduplicating",
        "describing",
        "exporting",
        "done",
    ]

    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    asked = site.requests.copy()
    from_urls("numbers", lambda: rows, tmp_path, options(site, 1), exports=("webdataset",), label="odd")
    assert site.requests == asked, "what is done is not fetched again"
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before

    with pytest.raises(DifferentBuildError, match="another request"):
        from_urls("numbers", lambda: rows, tmp_path, options(site), image=ImageSpec(format="png"), label="odd")
    with pytest.raises(DifferentBuildError, match="list has changed"):
        from_urls("numbers", lambda: rows[1:], tmp_path, options(site), label="odd")

    assert finish(tmp_path, dedupe=DedupeSpec(near=False)).totals.accepted == 101
    assert [file.name for file in export(tmp_path, ["imagefolder"])["imagefolder"]] == ["numbers.zip"]
    turned = DedupeSpec(turned=True)
    plan = Workspace(tmp_path).plan()
    began = plan.model_copy(update={"spec": plan.spec.model_copy(update={"dedupe": turned})})
    Workspace(tmp_path).folder.write("plan.json", began.model_dump_json().encode())
    finish(tmp_path, dedupe=DedupeSpec(near=False))
    assert Workspace(tmp_path).plan().spec.dedupe == DedupeSpec(near=False, turned=True), "the hashes are there"
    assert not Workspace(tmp_path).ending().spec.dedupe.turned
    everything = SplitSpec(train=1, val=0, test=0)
    assert finish(tmp_path, splits=everything).splits == {"train": 101}
    exported = tmp_path / "exports/imagefolder/numbers.zip"
    assert {name.split("/")[0] for name in ZipFile(exported).namelist() if name.count("/") == 2} == {"train"}
    assert len(list((tmp_path / "exports/webdataset").glob("*.tar"))) == 1


SCRIPT = textwrap.dedent("""
    import sys
    from pathlib import Path
    from builder.run import RunOptions, from_urls
    from builder.limits import FetchLimits
    from builder.urls import parse_url_list

    if __name__ == "__main__":
        urls, out, exception = sys.argv[1:]
        limits = FetchLimits(concurrency=8, per_host=8)
        options = RunOptions(processes=2, limits=limits, exceptions=exception)
        from_urls("numbers", lambda: parse_url_list([Path(urls).read_bytes()]), Path(out), options)
""")


def test_a_killed_build_goes_on_without_fetching_twice(site: CountingSite, tmp_path: Path) -> None:
    (tmp_path / "build.py").write_text(SCRIPT)
    (tmp_path / "urls.txt").write_text("".join(f"{site.url(path)}\n" for path in PICTURES))
    out = tmp_path / "out"
    command = [sys.executable, str(tmp_path / "build.py"), str(tmp_path / "urls.txt"), str(out), site.exception]
    site.free = 90
    site.gate.clear()
    process = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": "."})

    def finished() -> list[bytes]:
        lines = [line for path in out.glob("rows/*.jsonl") for line in path.read_bytes().splitlines(keepends=True)]
        return [line for line in lines if line.endswith(b"\n")]

    wait_until(lambda: len(finished()) >= 90)
    process.kill()
    process.wait()
    wait_until(lambda: can_claim(out))
    done = {ImageRow.model_validate_json(line).url for line in finished()}
    site.gate.set()

    from_urls("numbers", lambda: parse_url_list([(tmp_path / "urls.txt").read_bytes()]), out, options(site, 2))
    twice = {path for path, count in site.requests.items() if path in PICTURES and count > 1}
    assert not {site.url(path) for path in twice} & done
    assert len(twice) <= 8, "only what was under way"
    assert {row.url for row in manifest(out) if row.verdict != "failed"} == {site.url(path) for path in PICTURES}


def can_claim(out: Path) -> bool:
    try:
        with Workspace(out).claimed():
            return True
    except BuildInUseError:
        return False


def test_labels_with_urls_of_their_own_are_built_and_recollected(site: CountingSite, tmp_path: Path) -> None:
    paths = list(PICTURES)
    shared, own = paths[:10], paths[10:100]
    spec = DatasetSpec(
        name="pets",
        labels=(
            LabelSpec(name="Cat", urls=tuple(site.url(path) for path in shared)),
            LabelSpec(name="Dog", urls=tuple(site.url(path + "?dog") for path in shared + own)),
        ),
        images_per_label=10,
        sources=("urls",),
    )
    with counting_site({**PICTURES, **{f"{path}?dog": body for path, body in PICTURES.items()}}) as both:
        moved = json.loads(spec.model_dump_json().replace(f":{site.port}/", f":{both.port}/"))
        report = build(DatasetSpec.model_validate(moved), tmp_path, options(both))
    assert {label.label: label.accepted for label in report.labels} == {"Cat": 10, "Dog": 10}
    assert len(report.label_conflicts) == 10


def test_a_folder_that_is_not_ours_is_left_alone(site: CountingSite, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(DifferentBuildError, match="not empty"):
        from_urls("x", list, tmp_path, options(site))
    with pytest.raises(NotADatasetError):
        finish(tmp_path)
    with Workspace(tmp_path).claimed(), pytest.raises(BuildInUseError):
        from_urls("x", list, tmp_path, options(site))


def test_captions_are_no_labels(site: CountingSite, tmp_path: Path) -> None:
    rows = [UrlRow(url=site.url(f"/{n}.jpg"), label=f"a picture of {n}", line=n + 1) for n in range(1_001)]
    with pytest.raises(UrlListError, match="line 1001: more than 1,000 different labels"):
        from_urls("x", lambda: rows, tmp_path, options(site))


def test_mirrored_copies_are_found_where_asked_for(site: CountingSite, tmp_path: Path) -> None:
    one = picture(1)
    with counting_site({"/a.jpg": encoded(one), "/b.jpg": encoded(ImageOps.mirror(one))}) as pages:
        rows = [UrlRow(url=pages.url(path), line=1) for path in ("/a.jpg", "/b.jpg")]
        kept = [
            from_urls("x", lambda: rows, tmp_path / str(turned), options(pages), dedupe=DedupeSpec(turned=turned))
            for turned in (False, True)
        ]
    assert [report.totals.accepted for report in kept] == [2, 1]


def test_what_is_taken_down_later_goes(site: CountingSite, tmp_path: Path) -> None:
    rows, paths = listed(site, 8), list(PICTURES)[:8]
    from_urls("x", lambda: rows, tmp_path, options(site), exports=("imagefolder",))
    shards = [*tmp_path.glob("shards/*.tar")]
    assert any(PICTURES[paths[3]] in shard.read_bytes() for shard in shards)

    digest = hashlib.sha256(PICTURES[paths[5]]).hexdigest()
    later = replace(options(site), manners=Manners(take_down=TakeDownList.parse([rows[3].url, f"sha256:{digest}"])))
    asked = site.requests.copy()
    assert from_urls("x", lambda: rows, tmp_path, later).totals.reasons == {"taken_down": 2}
    assert site.requests == asked
    assert [row.verdict for row in manifest(tmp_path)] == [
        "failed" if number in {3, 5} else "accepted" for number in range(8)
    ]
    for path in (paths[3], paths[5]):
        assert not any(PICTURES[path] in shard.read_bytes() for shard in shards)
    with zipfile.ZipFile(tmp_path / "exports" / "imagefolder" / "x.zip") as archive:
        assert sum(name.endswith(".jpg") for name in archive.namelist() if "thumbnails" not in name) == 6


def test_exports_follow_the_decisions(site: CountingSite, tmp_path: Path) -> None:
    rows = [*listed(site, 10), UrlRow(url=site.url("/copy.jpg"), line=11)]
    from_urls("x", lambda: rows, tmp_path, options(site))
    export(tmp_path, ["csv"])
    finish(tmp_path, dedupe=DedupeSpec(near=False))
    with zipfile.ZipFile(tmp_path / "exports" / "csv" / "x.zip") as archive:
        assert len(archive.read("images.csv").splitlines()) == 1 + 11


def test_a_list_that_became_shorter_is_another_list(site: CountingSite, tmp_path: Path) -> None:
    rows = listed(site, SHARD_SIZE + 1)
    from_urls("x", lambda: rows, tmp_path, options(site))
    with pytest.raises(DifferentBuildError, match="has become shorter"):
        from_urls("x", lambda: rows[:SHARD_SIZE], tmp_path, options(site))


def test_a_description_that_was_left_half_done_is_not_exported(site: CountingSite, tmp_path: Path) -> None:
    rows = listed(site, 4)
    from_urls("x", lambda: rows, tmp_path, options(site))
    (tmp_path / "index.parquet").unlink()
    (tmp_path / "index.parquet").mkdir()  # so that describing stops there
    with pytest.raises(OSError, match=r"index\.parquet"):
        finish(tmp_path, dedupe=DedupeSpec(near=False))
    with pytest.raises(NotADatasetError, match="repeat the command that was stopped"):
        export(tmp_path, ["csv"])
    (tmp_path / "index.parquet").rmdir()
    finish(tmp_path, dedupe=DedupeSpec(near=False))
    assert export(tmp_path, ["csv"])


def test_a_row_cut_off_by_a_full_disk_is_no_row(site: CountingSite, tmp_path: Path) -> None:
    rows = listed(site, 4)
    from_urls("x", lambda: rows, tmp_path, options(site))
    with (tmp_path / "rows" / "images-00000.jsonl").open("ab") as file:
        file.write(b'{"key":"images-00000-04","lab')
    assert finish(tmp_path).totals.accepted == 4


def test_a_plan_that_could_not_be_written_is_no_build(site: CountingSite, tmp_path: Path) -> None:
    (tmp_path / "plan.json.part").write_bytes(b"{")
    rows = listed(site, 2)
    assert from_urls("x", lambda: rows, tmp_path, options(site)).totals.accepted == 2


def test_one_request_at_a_time_is_one(site: CountingSite, tmp_path: Path) -> None:
    limits = FetchLimits(concurrency=1)
    (worker,) = _workers(Workspace(tmp_path), SPEC, RunOptions(processes=4, limits=limits))
    assert (worker.limits.concurrency, worker.manners.processes) == (1, 1)
    assert [one.limits.concurrency for one in _workers(Workspace(tmp_path), SPEC, RunOptions(processes=4))] == [8] * 4


@pytest.mark.parametrize(("per_host", "spacing", "expected"), [
    (6, 0.0, [1] * 6), (16, 0.0, [1] * 16), (40, 0.0, [2] * 16), (6, 0.5, [6]), (1, 0.0, [1]),
])  # fmt: skip
def test_processes_share_the_requests_to_a_host(
    tmp_path: Path, per_host: int, spacing: float, expected: list[int]
) -> None:
    limits = FetchLimits(concurrency=64, per_host=per_host, host_spacing_seconds=spacing)
    workers = _workers(Workspace(tmp_path), SPEC, RunOptions(processes=16, limits=limits))
    assert [worker.limits.per_host for worker in workers] == expected


def test_authorities_that_cannot_be_read_are_told_before_anything_starts(site: CountingSite, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("none")
    rows = listed(site, 2)
    with pytest.raises(SettingError, match=r"ca\.pem"):
        from_urls("x", lambda: rows, tmp_path / "out", replace(options(site), ca_file=tmp_path / "ca.pem"))


def test_progress_is_told_once_though_a_worker_dies(site: CountingSite, tmp_path: Path) -> None:
    site.free = 30
    site.gate.clear()
    told: list[Progress] = []
    killed: list[int] = []

    def watch(progress: Progress) -> None:
        told.append(progress)
        if progress.done >= 20 and not killed:
            for process in multiprocessing.active_children():
                assert process.pid is not None
                killed.append(process.pid)
                os.kill(process.pid, signal.SIGKILL)
            site.gate.set()

    rows = listed(site, 60)
    from_urls("x", lambda: rows, tmp_path, options(site, 1), on_progress=watch)
    assert killed
    assert max(one.done for one in told) == told[-1].done == 60
