"""Whole builds in processes, from a server on loopback; stopped, killed and gone on with."""

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from builder.errors import BuildInUseError, DifferentBuildError, NotADatasetError, UrlListError
from builder.limits import FetchLimits
from builder.rows import ImageRow
from builder.run import Progress, RunOptions, build, export, finish, from_urls
from builder.spec import DatasetSpec, DedupeSpec, ImageSpec, LabelSpec
from builder.urls import UrlRow
from builder.workspace import Workspace
from tests.builder.counting import CountingSite, counting_site, wait_until
from tests.builder.photos import encoded, picture

PICTURES = {f"/{number:03}.jpg": encoded(picture(number)) for number in range(150)}
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

    def finished() -> list[ImageRow]:
        lines = [line for path in out.glob("rows/*.jsonl") for line in path.read_bytes().splitlines(keepends=True)]
        return [ImageRow.model_validate_json(line) for line in lines if line.endswith(b"\n")]

    wait_until(lambda: len(finished()) >= 90)
    process.kill()
    process.wait()
    wait_until(lambda: can_claim(out))
    done = {row.url for row in finished()}
    site.gate.set()

    assert subprocess.run(command, env=os.environ | {"PYTHONPATH": "."}, check=False).returncode == 0
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
