"""Verdicts on the files of a folder and on the images of a dataset."""

import hashlib
import os
from pathlib import Path

import pytest

from builder.check_folder import check_dataset, check_file, check_files, is_dataset
from builder.manifest import write_manifest
from builder.spec import ImageSpec
from tests.builder.dataset_of import build
from tests.builder.photos import encoded, photo

SPEC = ImageSpec(max_bytes=400_000)


def folder_of_images(root: Path) -> dict[str, bytes]:
    """Good ones, and what is wrong with others."""
    good = encoded(photo("chelsea"), quality=90)
    files = {
        "chelsea.jpg": good,
        "deep/er/coffee.png.webp": encoded(photo("coffee"), "WEBP"),
        "cut.jpg": good[: len(good) // 2],
        "page.png": b"<html>" + b" " * 2_000,
        "small.png": encoded(photo("chelsea").resize((40, 40)), "PNG"),
        "large.png": encoded(photo("astronaut"), "PNG"),
    }
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return files


def test_every_file_has_its_verdict(tmp_path: Path) -> None:
    files = folder_of_images(tmp_path)
    found = {checked.path: checked for checked in check_files(tmp_path, SPEC, 1)}
    assert list(found) == sorted(files, key=lambda name: name.split("/"))
    assert {path: checked.reason for path, checked in found.items()} == {
        "chelsea.jpg": None,
        "deep/er/coffee.png.webp": None,
        "cut.jpg": "damaged",
        "page.png": "not_an_image",
        "small.png": "too_small",
        "large.png": "too_many_bytes",
    }
    good = found["chelsea.jpg"]
    assert (good.verdict, good.format, (good.width, good.height)) == ("accepted", "jpeg", photo("chelsea").size)
    assert good.sha256 == hashlib.sha256(files["chelsea.jpg"]).hexdigest()
    assert good.size_bytes == len(files["chelsea.jpg"])
    large = found["large.png"]
    assert (large.size_bytes, large.sha256) == (len(files["large.png"]), None)  # not read to its end


def test_processes_say_the_same(tmp_path: Path) -> None:
    for number in range(3):
        folder_of_images(tmp_path / str(number))
    assert list(check_files(tmp_path, SPEC, 2)) == list(check_files(tmp_path, SPEC, 1))


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    gone = check_file("gone.jpg", root=str(tmp_path), spec=SPEC)
    assert (gone.verdict, gone.reason, gone.detail) == ("rejected", "unreadable", os.strerror(2))


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    folder, rows, _ = build(tmp_path)
    folder.write("manifest.jsonl", write_manifest(rows))
    return tmp_path


def test_a_whole_dataset_is_as_its_manifest_says(dataset: Path) -> None:
    assert is_dataset(dataset)
    found = list(check_dataset(dataset))
    assert len(found) == 24
    assert {checked.verdict for checked in found} == {"accepted"}


def test_changed_and_missing_images_are_found(dataset: Path) -> None:
    shards = sorted((dataset / "shards").iterdir())
    data = bytearray(shards[0].read_bytes())
    data[600] ^= 1  # in the first image
    shards[0].write_bytes(data)
    os.truncate(shards[1], 2_000)
    shards[2].unlink()
    reasons = [checked.reason for checked in check_dataset(dataset)]
    assert reasons[:6] == ["changed"] + [None] * 5
    assert set(reasons[6:18]) == {"missing"}
    assert reasons[18:] == [None] * 6


def test_a_folder_of_images_is_no_dataset(tmp_path: Path) -> None:
    folder_of_images(tmp_path)
    assert not is_dataset(tmp_path)
