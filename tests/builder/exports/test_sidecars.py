"""`builder.exports.sidecars`: every layout carries them, and each is valid where it lies."""

import csv
from collections import Counter
from pathlib import Path

import mlcroissant as mlc
import pytest
from huggingface_hub import DatasetCard
from PIL import Image

from builder.exports.write import FORMATS
from builder.manifest import read_manifest
from builder.spec import ExportFormat
from tests.builder.dataset_of import Dataset, accepted
from tests.builder.exports.conftest import Unpacked

FOLDERS: tuple[ExportFormat, ...] = ("imagefolder", "yolo", "csv", "jsonl", "labels")


@pytest.mark.parametrize("layout", FORMATS)
def test_card_thumbnails_manifest_and_licences(layout: ExportFormat, dataset: Dataset, unpacked: Unpacked) -> None:
    root = unpacked(layout)
    card = DatasetCard((root / "README.md").read_text())
    assert card.data.get("license") == ["unknown"]
    assert "(thumbnails.jpg)" in card.content
    with Image.open(root / "thumbnails.jpg") as image:
        image.load()
        assert image.format == "JPEG"
    assert list(read_manifest([(root / "manifest.jsonl").read_bytes()])) == dataset[1]
    assert "Where no licence is" in (root / "LICENCES.txt").read_text()


@pytest.mark.parametrize("layout", FORMATS)
def test_attribution_names_the_images_as_the_layout_does(
    layout: ExportFormat, dataset: Dataset, unpacked: Unpacked
) -> None:
    root = unpacked(layout)
    with (root / "attribution.csv").open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    expected = accepted(dataset)
    assert sorted(Path(line["file"]).stem for line in lines) == sorted(expected)
    if layout not in {"webdataset", "parquet"}:
        for line in lines:
            assert (root / line["file"]).read_bytes() == expected[Path(line["file"]).stem][1]


@pytest.mark.parametrize("layout", [*FOLDERS, "coco"])
def test_croissant_leads_to_images_and_labels(layout: ExportFormat, dataset: Dataset, unpacked: Unpacked) -> None:
    loaded = _valid(unpacked(layout))
    samples = list(loaded.records("samples"))
    labels = Counter((record["samples/split"].decode(), record["samples/label"].decode()) for record in samples)
    assert labels == Counter((row.split, row.label) for row, _ in accepted(dataset).values())
    assert {record["samples/image"].size for record in samples} == {(160, 120)}
    assert len(list(loaded.records("attribution"))) == 24


def test_croissant_of_parquet_has_the_pictures(dataset: Dataset, unpacked: Unpacked) -> None:
    loaded = _valid(unpacked("parquet"))
    expected = accepted(dataset)
    records = {record["samples/key"].decode(): record for record in loaded.records("samples")}
    assert records.keys() == expected.keys()
    for key, record in records.items():
        row, _ = expected[key]
        assert record["samples/image"].size == (row.width, row.height)
        assert ["dog", "red-cat"][record["samples/label"]] == row.label
        assert record["samples/split"].decode() == {"val": "validation"}.get(row.split or "", row.split)


def test_croissant_of_webdataset_has_the_shards(unpacked: Unpacked) -> None:
    loaded = _valid(unpacked("webdataset"))
    shards = {file.name for file in loaded.metadata.file_objects if file.name.endswith(".tar")}
    assert shards == {f"{split}-00000.tar" for split in ("train", "val", "test")}
    assert len(list(loaded.records("attribution"))) == 24


def _valid(root: Path) -> mlc.Dataset:
    loaded = mlc.Dataset(jsonld=root / "croissant.json")
    assert not loaded.metadata.ctx.issues.errors
    assert not loaded.metadata.ctx.issues.warnings
    return loaded
