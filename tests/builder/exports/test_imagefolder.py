"""`builder.exports.imagefolder`: opened again by the libraries that people use."""

from collections import Counter
from pathlib import Path

import pytest
from PIL import Image

from builder.exports.write import write_export
from tests.builder.dataset_of import Dataset, accepted
from tests.builder.exports.conftest import Unpacked


def test_images_lie_where_split_and_label_say(dataset: Dataset, unpacked: Unpacked) -> None:
    root = unpacked("imagefolder")
    expected = accepted(dataset)
    assert Counter(row.verdict for row in dataset[1]) == {"accepted": 24, "duplicate": 4, "rejected": 4, "failed": 4}
    found = {path.stem: path for split in ("train", "val", "test") for path in (root / split).rglob("*.*")}
    assert found.keys() == expected.keys()
    for key, path in found.items():
        row, data = expected[key]
        assert path.parts[-3:-1] == (row.split, row.label)
        assert path.read_bytes() == data
        with Image.open(path) as image:
            assert image.size == (row.width, row.height)


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("how", ["folder", "imagefolder"])
def test_hugging_face_reads_splits_and_labels(how: str, unpacked: Unpacked, tmp_path: Path) -> None:
    """`thumbnails.jpg` is an image too, and none of the dataset."""
    from datasets import load_dataset  # type: ignore[import-untyped]  # it has no types

    root = str(unpacked("imagefolder"))
    loaded = (
        load_dataset(root, cache_dir=str(tmp_path))
        if how == "folder"
        else load_dataset("imagefolder", data_dir=root, cache_dir=str(tmp_path))
    )
    assert {name: len(part) for name, part in loaded.items()} == {"train": 20, "validation": 2, "test": 2}
    assert loaded["train"].features["label"].names == ["dog", "red-cat"]
    assert loaded["train"][0]["image"].size == (160, 120)


def test_the_archive_is_named_after_the_dataset(dataset: Dataset) -> None:
    folder, rows, about = dataset
    (file,) = write_export(folder, "imagefolder", lambda: iter(rows), about)
    assert file.name == "cats-dogs-2.zip"
