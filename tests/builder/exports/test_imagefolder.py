"""`builder.exports.imagefolder`: opened again by the libraries that people use."""

import csv
import json
import zipfile
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image

from builder.exports.write import write_export
from builder.manifest import read_manifest
from tests.builder.dataset_of import Dataset


@pytest.fixture(scope="module")
def unpacked(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, rows, about = dataset
    (file,) = write_export(folder, "imagefolder", lambda: iter(rows), about)
    assert file.name == "cats-dogs-2.zip"
    out = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(folder.root / "exports" / "imagefolder" / file.name) as archive:
        assert archive.testzip() is None
        archive.extractall(out)
    return out


def test_images_lie_where_split_and_label_say(dataset: Dataset, unpacked: Path) -> None:
    folder, rows, _ = dataset
    accepted = [row for row in rows if row.verdict == "accepted"]
    assert len(accepted) == 24
    found = {path.stem: path for split in ("train", "val", "test") for path in (unpacked / split).rglob("*.*")}
    assert found.keys() == {row.key for row in accepted}
    for row in accepted:
        path = found[row.key]
        assert path.parts[-3:-1] == (row.split, row.label)
        assert row.shard is not None
        assert row.offset is not None
        assert row.size_bytes is not None
        assert path.read_bytes() == folder.read_range(row.shard, row.offset, row.size_bytes)
        with Image.open(path) as image:
            assert image.size == (row.width, row.height)


def test_the_manifest_has_every_candidate(dataset: Dataset, unpacked: Path) -> None:
    assert list(read_manifest([(unpacked / "manifest.jsonl").read_bytes()])) == dataset[1]
    assert Counter(row.verdict for row in dataset[1]) == {"accepted": 24, "duplicate": 4, "rejected": 4, "failed": 4}


def test_hugging_face_reads_splits_and_labels(
    unpacked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dataset: Dataset
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    from datasets import load_dataset  # type: ignore[import-untyped]  # it has no types

    loaded = load_dataset("imagefolder", data_dir=str(unpacked), cache_dir=str(tmp_path))
    assert {name: len(part) for name, part in loaded.items()} == {
        "train": 20,
        "validation": 2,
        "test": 2,
    }
    assert loaded["train"].features["label"].names == ["dog", "red-cat"]
    assert loaded["train"][0]["image"].size == (160, 120)


def test_attribution(unpacked: Path) -> None:
    with (unpacked / "attribution.csv").open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == 24
    assert all((unpacked / line["file"]).is_file() for line in lines)
    assert lines[0]["source_url"].startswith("https://example.org/")


def test_croissant_is_valid_and_leads_to_the_images(unpacked: Path) -> None:
    import mlcroissant as mlc

    loaded = mlc.Dataset(jsonld=unpacked / "croissant.json")
    assert not loaded.metadata.ctx.issues.errors
    assert not loaded.metadata.ctx.issues.warnings
    samples = list(loaded.records("samples"))
    assert len(samples) == 24
    assert Counter(sample["samples/label"] for sample in samples) == {b"red-cat": 12, b"dog": 12}
    origins = list(loaded.records("attribution"))
    assert len(origins) == 24


def test_the_same_rows_give_the_same_bytes(dataset: Dataset) -> None:
    folder, rows, about = dataset
    first = write_export(folder, "imagefolder", lambda: iter(rows), about)
    assert first == write_export(folder, "imagefolder", lambda: iter(rows), about)
    assert json.loads(first[0].model_dump_json())["bytes"] == len(folder.read(f"exports/imagefolder/{first[0].name}"))
