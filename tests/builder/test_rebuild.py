"""A dataset made again from its manifest: the same where nothing changed, and the truth where something did."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from builder.errors import BuilderError, DifferentBuildError, ManifestError
from builder.manifest import read_manifest, write_manifest
from builder.rebuild import Rebuilt, rebuild
from builder.rows import ImageRow
from builder.run import Progress, RunOptions, export, finish, from_urls
from builder.spec import ImageSpec
from builder.urls import UrlRow
from tests.builder.cli.site import Site, serving
from tests.builder.photos import encoded, picture

LABELS = ("red panda", "snow leopard")


@pytest.fixture
def site() -> Iterator[Site]:
    with serving(Site(20)) as running:
        yield running


def options(site: Site) -> RunOptions:
    return RunOptions(processes=1, exceptions=site.address)


def build(site: Site, out: Path, image: ImageSpec | None = None) -> dict[str, ImageRow]:
    """Two labels, with a copy, a page and a missing one among them."""
    site.pictures["/copy.jpg"] = encoded(picture(3), quality=50)
    site.pictures["/page.jpg"] = b"<html>" + b" " * 2_000
    urls = [*site.urls(), f"http://{site.address}/gone.jpg"]

    def rows() -> Iterator[UrlRow]:
        for number, url in enumerate(urls):
            yield UrlRow(url=url, label=LABELS[number % 2], title=f"No. {number}", licence="CC0-1.0", line=number + 1)

    from_urls("animals", rows, out, options(site), image=image)
    site.asked.clear()
    return manifest(out)


def manifest(out: Path) -> dict[str, ImageRow]:
    return {row.key: row for row in read_manifest([(out / "manifest.jsonl").read_bytes()])}


def accepted(rows: dict[str, ImageRow]) -> dict[str, ImageRow]:
    return {key: row for key, row in rows.items() if row.verdict == "accepted"}


def bytes_of(out: Path, row: ImageRow) -> bytes:
    assert row.shard is not None
    assert row.offset is not None
    assert row.size_bytes is not None
    return (out / row.shard).read_bytes()[row.offset : row.offset + row.size_bytes]


def told(row: ImageRow) -> dict[str, object]:
    """All that should be the same in the second dataset."""
    return row.model_dump(exclude={"shard", "offset", "seconds"})


def test_everything_is_there(site: Site, tmp_path: Path) -> None:
    then = build(site, tmp_path / "then", ImageSpec(format="jpeg", size=64))
    again = rebuild(tmp_path / "then/manifest.jsonl", tmp_path / "again", options(site), exports=("imagefolder",))
    assert again == Rebuilt(wanted=20, kept=20, same=20)
    now = manifest(tmp_path / "again")
    assert [told(row) for row in now.values()] == [told(row) for row in then.values()]
    for key, row in accepted(now).items():
        assert bytes_of(tmp_path / "again", row) == bytes_of(tmp_path / "then", then[key])
    assert {path for path in site.asked if path.endswith(".jpg")} == {
        row.url.removeprefix(f"http://{site.address}") for row in accepted(then).values()
    }
    assert list((tmp_path / "again/exports/imagefolder").iterdir())


def test_progress_counts_what_is_fetched(site: Site, tmp_path: Path) -> None:
    build(site, tmp_path / "then")
    told: list[Progress] = []
    rebuild(tmp_path / "then/manifest.jsonl", tmp_path / "again", options(site), on_progress=told.append)
    assert (told[-1].total, told[-1].done, told[-1].accepted, told[-1].failed) == (20, 20, 20, 0)
    assert all(0 <= one.done <= 20 for one in told)


def test_called_again_it_asks_for_nothing(site: Site, tmp_path: Path) -> None:
    build(site, tmp_path / "then")
    first = rebuild(tmp_path / "then/manifest.jsonl", tmp_path / "again", options(site))
    site.asked.clear()
    assert rebuild(tmp_path / "then/manifest.jsonl", tmp_path / "again", options(site)) == first
    assert not [path for path in site.asked if path.endswith(".jpg")]


def spoil(site: Site) -> None:
    """One is gone, one is another picture, one is a page."""
    del site.pictures["/4.jpg"]
    site.pictures["/5.jpg"] = encoded(picture(500))
    site.pictures["/6.jpg"] = b"<html>" + b" " * 2_000


def test_what_is_gone_or_changed_is_told_and_left_out(site: Site, tmp_path: Path) -> None:
    then = build(site, tmp_path / "then")
    spoil(site)
    again = rebuild(tmp_path / "then/manifest.jsonl", tmp_path / "again", options(site))
    assert (again.wanted, again.kept, again.same) == (20, 17, 17)
    assert [loss.url for loss in again.gone] == [f"http://{site.address}/4.jpg"]
    assert [loss.url for loss in again.changed] == [f"http://{site.address}/{number}.jpg" for number in (6, 5)]
    now = manifest(tmp_path / "again")
    assert now.keys() == then.keys()
    reasons = {row.url.rpartition("/")[2]: row.reason for row in now.values() if row.verdict != then[row.key].verdict}
    assert reasons == {"4.jpg": "http_4xx", "5.jpg": "changed", "6.jpg": "not_an_image"}
    assert {key: row.split for key, row in accepted(now).items()}.items() <= {
        key: row.split for key, row in accepted(then).items()
    }.items()


def test_changed_images_where_they_are_wanted(site: Site, tmp_path: Path) -> None:
    then = build(site, tmp_path / "then")
    spoil(site)
    again = rebuild(tmp_path / "then/manifest.jsonl", tmp_path / "again", options(site), accept_changed=True)
    assert (again.kept, again.same, len(again.changed)) == (18, 17, 2)
    (row,) = (row for row in accepted(manifest(tmp_path / "again")).values() if row.url.endswith("/5.jpg"))
    assert row.source_sha256 == hashlib.sha256(site.pictures["/5.jpg"]).hexdigest()
    assert row.split == then[row.key].split


def test_a_part_of_a_manifest_alone(site: Site, tmp_path: Path) -> None:
    then = build(site, tmp_path / "then", ImageSpec(format="png", size=64))
    part = [row for row in then.values() if row.label == LABELS[1] and row.verdict == "accepted"][2:]
    (tmp_path / "part.jsonl").write_bytes(b"".join(write_manifest(part)))
    again = rebuild(tmp_path / "part.jsonl", tmp_path / "again", options(site))
    assert again == Rebuilt(wanted=len(part), kept=len(part), same=len(part), reformed=len(part))
    assert manifest(tmp_path / "again").keys() == {row.key for row in part}
    form = ImageSpec(format="png", size=64)
    again = rebuild(tmp_path / "part.jsonl", tmp_path / "formed", options(site), image=form)
    assert again.reformed == 0


def test_what_is_made_is_a_dataset(site: Site, tmp_path: Path) -> None:
    build(site, tmp_path / "then")
    rebuild(tmp_path / "then/manifest.jsonl", tmp_path / "again", options(site))
    assert export(tmp_path / "again", ("webdataset",))["webdataset"]
    assert [file.name for file in export(tmp_path / "again", ("imagefolder",))["imagefolder"]] == ["animals.zip"]
    with pytest.raises(DifferentBuildError, match="original"):
        finish(tmp_path / "again")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: [row for row in rows if row.verdict != "accepted"], "nothing to fetch"),
        (lambda rows: [row.model_copy(update={"source_sha256": None}) for row in rows], "no source_sha256"),
        (lambda rows: [row.model_copy(update={"key": "../../x-00000-00"}) for row in rows], "no key"),
        (lambda rows: [row.model_copy(update={"label": "a\nb"}) for row in rows], "must be one line"),
        (lambda rows: [*rows, rows[0]], "sort the lines"),
        (lambda rows: [rows[0], *rows], "sort the lines"),
    ],
)
def test_manifests_that_cannot_be_rebuilt(
    site: Site, tmp_path: Path, change: Callable[[list[ImageRow]], list[ImageRow]], message: str
) -> None:
    rows = change(list(build(site, tmp_path / "then").values()))
    (tmp_path / "manifest.jsonl").write_bytes(b"".join(write_manifest(rows)))
    with pytest.raises(ManifestError, match=message):
        rebuild(tmp_path / "manifest.jsonl", tmp_path / "again", options(site))
    assert not (tmp_path / "again").exists()


def test_another_manifest_needs_another_folder(site: Site, tmp_path: Path) -> None:
    rows = build(site, tmp_path / "then")
    rebuild(tmp_path / "then/manifest.jsonl", tmp_path / "again", options(site))
    others = [row.model_copy(update={"url": row.url + "?2"}) for row in rows.values()]
    (tmp_path / "then/manifest.jsonl").write_bytes(b"".join(write_manifest(others)))
    with pytest.raises(BuilderError, match="another folder"):
        rebuild(tmp_path / "then/manifest.jsonl", tmp_path / "again", options(site))
