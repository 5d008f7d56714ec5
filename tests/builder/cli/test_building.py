"""Commands that fetch, as people run them, against a site on loopback: outcomes, exit codes, stopping and going on."""

import csv
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from builder.cli.exits import Exit
from builder.manifest import read_manifest
from builder.rows import ImageRow
from builder.workspace import Workspace
from local.processes import wait_until
from tests.builder.cli.conftest import Done, Run
from tests.builder.cli.site import Site
from tests.builder.photos import encoded, picture

ROOT = Path(__file__).parents[3]
SECONDS = 60
KEPT = ("--per-host", "8", "--processes", "2", "--json")


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "builder", *map(str, arguments)]


def listed(site: Site, path: Path, label: str | None = "tulip") -> Path:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["url", "label"])
        writer.writerows((url, label) for url in site.urls())
    return path


def manifest(out: Path) -> dict[str, ImageRow]:
    return {row.key: row for row in read_manifest([(out / "manifest.jsonl").read_bytes()])}


def test_from_urls(run: Run, site: Site, tmp_path: Path) -> None:
    urls = listed(site, tmp_path / "urls.csv")
    del site.pictures["/3.jpg"]
    out = tmp_path / "out"
    done = run("from-urls", urls, "--out", out, "--allow", site.address, "--export", "webdataset", *KEPT)
    assert (done.returncode, done.stderr) == (Exit.DONE, "")
    told = json.loads(done.stdout)
    assert (told["outcome"], told["out"], told["totals"]["accepted"]) == ("done", str(out), 23)
    assert told["totals"]["reasons"] == {"http_4xx": 1}
    assert {path.name for path in out.iterdir()} >= {"manifest.jsonl", "report.json", "README.md", "exports"}
    assert len(manifest(out)) == 24
    again = run("from-urls", urls, "--out", out, "--allow", site.address, "--export", "webdataset", *KEPT)
    assert json.loads(again.stdout) == told
    assert {site.asked[path] for path in site.pictures} == {1}


def test_people_are_told_what_came_of_it(run: Run, site: Site, tmp_path: Path) -> None:
    site.pictures["/twin.jpg"] = site.pictures["/1.jpg"]
    site.pictures["/page.jpg"] = b"<html>" + b" " * 2_000
    urls = listed(site, tmp_path / "flowers.csv", label=None)
    done = run("from-urls", urls, "--out", tmp_path / "out", "--allow", site.address)
    assert done.returncode == Exit.DONE
    (line,) = (line.split() for line in done.stdout.splitlines() if line.startswith("flowers "))
    assert line[:8] == ["flowers", "26", "24", "24", "1", "0", "1", "0"]
    assert "1 exact copies, 1 not images" in " ".join(line)
    assert f"{tmp_path / 'out'}: 24 images" in done.stdout
    assert "fetching: " in done.stderr
    assert "\x1b" not in done.stdout + done.stderr


def test_nothing_came(run: Run, site: Site, tmp_path: Path) -> None:
    urls = listed(site, tmp_path / "urls.csv")
    done = run("from-urls", urls, "--out", tmp_path / "out", *KEPT)  # loopback is not allowed
    assert done.returncode == Exit.NOTHING
    assert json.loads(done.stdout)["totals"]["reasons"] == {"address_refused": 24}
    assert not site.asked


def test_a_bad_list_names_its_line(run: Run, site: Site, tmp_path: Path) -> None:
    urls = listed(site, tmp_path / "urls.csv")
    with urls.open("a") as file:
        file.write("ftp://a.example/x,tulip\n")
    done = run("from-urls", urls, "--out", tmp_path / "out", "--allow", site.address, *KEPT)
    assert (done.returncode, done.stdout) == (Exit.USAGE, "")
    assert "line 26: only http" in done.stderr
    assert not site.asked


def test_labels_that_cannot_be_are_told_before_anything_is_fetched(run: Run, site: Site, tmp_path: Path) -> None:
    urls = listed(site, tmp_path / "urls.csv", label="x" * 201)
    out = ("--out", tmp_path / "out", "--allow", site.address, *KEPT)
    done = run("from-urls", urls, *out)
    assert (done.returncode, done.stdout) == (Exit.USAGE, "")
    assert "line 2: " in done.stderr
    for option in ("--label", "--name"):
        done = run("from-urls", listed(site, tmp_path / "urls.csv"), option, "a\nb", *out)
        assert done.returncode == Exit.USAGE
        assert f"Error: {option} 'a\\nb': must be one line" in done.stderr
    assert not site.asked


def test_a_column_that_is_not_there_is_told_before_anything_is_fetched(run: Run, site: Site, tmp_path: Path) -> None:
    urls = listed(site, tmp_path / "urls.csv")
    out = ("--out", tmp_path / "out", "--allow", site.address, *KEPT)
    done = run("from-urls", urls, "--column", "label=class", *out)
    assert done.returncode == Exit.USAGE
    assert "--column label=class: no row of" in done.stderr
    assert not site.asked
    assert run("from-urls", urls, "--column", "label=LABEL", *out).returncode == Exit.DONE


def test_build_and_its_shortfall(run: Run, site: Site, tmp_path: Path) -> None:
    arguments = ("build", "tulip", "--source", "sample", "--sample-url", f"http://{site.address}")
    fetching = ("--allow", site.address, *KEPT)
    done = run(*arguments, "--images", "10", "--out", tmp_path / "ten", *fetching)
    assert (done.returncode, done.stderr) == (Exit.DONE, "")
    assert json.loads(done.stdout)["totals"]["accepted"] == 10
    done = run(*arguments, "--images", "30", "--out", tmp_path / "thirty", *fetching)
    assert done.returncode == Exit.INCOMPLETE
    told = json.loads(done.stdout)
    assert (told["outcome"], told["shortfall"]) == ("incomplete", 6)
    assert "sample gave 24 candidates and has no more." in told["labels"][0]["shortfall_reasons"]


def test_finished_datasets_are_deduplicated_and_exported_again(run: Run, site: Site, tmp_path: Path) -> None:
    site.pictures["/again.jpg"] = encoded(picture(5), quality=60)
    out = tmp_path / "out"
    assert run(
        "from-urls", listed(site, tmp_path / "urls.csv"), "--out", out, "--allow", site.address, "--quiet"
    ) == Done(0, "", "")
    asked = site.asked.copy()
    done = run("dedupe", out, "--no-near-duplicates", "--json")
    assert (done.returncode, json.loads(done.stdout)["totals"]["accepted"]) == (Exit.DONE, 25)
    assert json.loads(run("dedupe", out, "--json").stdout)["totals"]["accepted"] == 24
    done = run("dedupe", out, "--turned")
    assert done.returncode == Exit.USAGE
    assert "only where the build was begun with that option" in done.stderr
    done = run("export", out, "--format", "imagefolder", "--json")
    files = [json.loads(line) for line in done.stdout.splitlines()]
    assert files
    assert all((out / file["name"]).stat().st_size == file["bytes"] for file in files)
    assert run("validate", out, "--quiet").returncode == Exit.DONE
    assert site.asked == asked


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_stopped_builds_go_on_without_asking_twice(run: Run, site: Site, tmp_path: Path, end: signal.Signals) -> None:
    out = tmp_path / "out"
    arguments = ("from-urls", listed(site, tmp_path / "urls.csv"), "--out", out, "--allow", site.address, *KEPT)
    site.free = 12
    site.open.clear()
    with subprocess.Popen(
        command(*arguments), cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:

        def finished() -> list[str]:
            lines = [line for path in (out / "rows").glob("*.jsonl") for line in path.read_text().splitlines(True)]
            return [json.loads(line)["url"] for line in lines if line.endswith("\n")]

        wait_until(lambda: len(finished()) == 12, SECONDS, "half of the list fetched")
        if end == signal.SIGINT:
            os.killpg(process.pid, end)  # as a terminal does
        else:
            process.send_signal(end)
        output, errors = process.communicate(timeout=SECONDS)
    assert output == ""
    if end == signal.SIGINT:
        assert process.returncode == Exit.INTERRUPTED, errors
        assert "the same command again goes on" in errors
        assert "Traceback" not in errors
    before = finished()
    site.open.set()
    done = run(*arguments)
    assert (done.returncode, done.stderr) == (Exit.DONE, "")
    assert json.loads(done.stdout)["totals"]["accepted"] == 24
    assert {site.asked[url.removeprefix(f"http://{site.address}")] for url in before} == {1}
    assert max(site.asked[path] for path in site.pictures) == 2


def test_only_one_process_builds_in_a_folder(run: Run, site: Site, tmp_path: Path) -> None:
    out = tmp_path / "out"
    arguments = ("from-urls", listed(site, tmp_path / "urls.csv"), "--out", out, "--allow", site.address, *KEPT)
    with Workspace(out).claimed():  # as another process would
        second = run(*arguments)
    assert second.returncode == Exit.FAILED
    assert "another process" in second.stderr
    assert not site.asked


def test_another_build_needs_another_folder(run: Run, site: Site, tmp_path: Path) -> None:
    urls, out = listed(site, tmp_path / "urls.csv"), tmp_path / "out"
    run("from-urls", urls, "--out", out, "--allow", site.address, *KEPT)
    done = run("from-urls", urls, "--out", out, "--allow", site.address, "--format", "png", *KEPT)
    assert done.returncode == Exit.USAGE
    assert "choose another folder" in done.stderr


def test_take_downs_hold(run: Run, site: Site, tmp_path: Path) -> None:
    listed(site, tmp_path / "urls.csv")
    (tmp_path / "down.txt").write_text(f"http://{site.address}/7.jpg\n")
    down = ("--take-down", tmp_path / "down.txt")
    done = run("from-urls", tmp_path / "urls.csv", "--out", tmp_path / "out", "--allow", site.address, *down, *KEPT)
    assert json.loads(done.stdout)["totals"]["reasons"] == {"taken_down": 1}
    assert site.asked["/7.jpg"] == 0
    (tmp_path / "down.txt").write_text("sha256:short\n")
    done = run("from-urls", tmp_path / "urls.csv", "--out", tmp_path / "two", "--allow", site.address, *down, *KEPT)
    assert done.returncode == Exit.USAGE
    assert "line 1" in done.stderr
