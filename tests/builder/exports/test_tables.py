"""`csv` and `jsonl`: read again by `datasets`, `pandas`, and what Python has."""

import csv
import json
from pathlib import Path
from typing import Literal

import pandas as pd
import pytest

from builder.exports.write import write_export
from tests.builder.dataset_of import Dataset, accepted
from tests.builder.exports.conftest import Unpacked

type Table = Literal["csv", "jsonl"]
CLASSES = ["dog", "red-cat"]


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("how", ["folder", "imagefolder"])
@pytest.mark.parametrize("layout", ["csv", "jsonl"])
def test_datasets_has_images_with_columns(
    layout: Table, how: str, dataset: Dataset, unpacked: Unpacked, tmp_path: Path
) -> None:
    from datasets import Image, load_dataset  # type: ignore[import-untyped]  # it has no types

    root = str(unpacked(layout))
    loaded = (
        load_dataset(root, cache_dir=str(tmp_path))
        if how == "folder"
        else load_dataset("imagefolder", data_dir=root, cache_dir=str(tmp_path))
    )
    expected = accepted(dataset)
    found = []
    for split, part in loaded.items():
        assert part[0]["image"].size == (160, 120)
        for record in part.cast_column("image", Image(decode=False)):
            path = Path(record["image"]["path"])
            row, data = expected[path.stem]
            assert path.read_bytes() == data
            assert split == {"val": "validation"}.get(row.split or "", row.split)
            assert (record["label"], CLASSES[record["class"]]) == (row.label, row.label)
            assert (record["sha256"], record["url"], record["width"]) == (row.sha256, row.url, row.width)
            found.append(row.key)
    assert sorted(found) == sorted(expected)


@pytest.mark.parametrize("layout", ["csv", "jsonl"])
def test_one_table_tells_of_all(layout: Table, dataset: Dataset, unpacked: Unpacked) -> None:
    root = unpacked(layout)
    expected = accepted(dataset)
    if layout == "csv":
        table = pd.read_csv(root / "images.csv", keep_default_na=False)
        with (root / "images.csv").open(newline="", encoding="utf-8") as file:
            assert [line["file_name"] for line in csv.DictReader(file)] == list(table["file_name"])
    else:
        table = pd.read_json(root / "images.jsonl", lines=True)
        lines = (root / "images.jsonl").read_text().splitlines()
        assert [json.loads(line)["file_name"] for line in lines] == list(table["file_name"])
    assert len(table) == len(expected)
    for record in table.to_dict("records"):
        path = root / str(record["file_name"])
        row, data = expected[path.stem]
        assert path.read_bytes() == data
        assert (record["split"], record["label"], record["title"]) == (row.split, row.label, row.title)
        assert record["licence"] == ""


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("layout", ["csv", "jsonl"])
def test_what_one_split_lacks_does_not_part_it_from_the_others(layout: Table, dataset: Dataset, tmp_path: Path) -> None:
    """`datasets` refuses splits whose columns differ in type, and would find them so where a column is empty."""
    from datasets import load_dataset

    folder, rows, about = dataset
    told = [
        row.model_copy(
            update={"page_url": "https://example.org/page", "licence": "CC BY 4.0", "title": "=1+1"}
            if row.split == "train"
            else {"title": None}
        )
        for row in rows
    ]
    (file,) = write_export(folder, layout, lambda: iter(told), about)
    archive = folder.root / "exports" / layout / file.name
    loaded = load_dataset("imagefolder", data_dir=_unzip(archive, tmp_path / "out"), cache_dir=str(tmp_path / "cache"))
    assert {name: len(part) for name, part in loaded.items()} == {"train": 20, "validation": 2, "test": 2}
    if layout == "csv":
        table = pd.read_csv(tmp_path / "out" / "images.csv", keep_default_na=False)
        assert set(table["title"]) == {"'=1+1", ""}


def _unzip(archive: Path, folder: Path) -> str:
    import zipfile

    with zipfile.ZipFile(archive) as zipped:
        zipped.extractall(folder)
    return str(folder)
