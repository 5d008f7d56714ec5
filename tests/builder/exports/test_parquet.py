"""`builder.exports.parquet`: read again by `datasets` and by `pyarrow`."""

import io
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from builder.exports import parquet
from tests.builder.dataset_of import Dataset, accepted
from tests.builder.exports.conftest import Unpacked

CLASSES = ["dog", "red-cat"]


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("how", ["folder", "parquet"])
def test_datasets_has_images_and_class_names(how: str, dataset: Dataset, unpacked: Unpacked, tmp_path: Path) -> None:
    from datasets import ClassLabel, Image, load_dataset  # type: ignore[import-untyped]  # it has no types

    root = str(unpacked("parquet"))
    loaded = (
        load_dataset(root, cache_dir=str(tmp_path))
        if how == "folder"
        else load_dataset("parquet", data_dir=f"{root}/data", cache_dir=str(tmp_path))
    )
    expected = accepted(dataset)
    found = {}
    for split, part in loaded.items():
        assert part.features["image"] == Image()
        assert part.features["label"] == ClassLabel(names=CLASSES)
        assert part[0]["image"].size == (160, 120)
        for record in part.cast_column("image", Image(decode=False)):
            row, data = expected[record["key"]]
            assert record["image"]["bytes"] == data
            assert CLASSES[record["label"]] == row.label
            assert split == {"val": "validation"}.get(row.split or "", row.split)
            found[record["key"]] = record
    assert found.keys() == expected.keys()
    assert all(record["title"] == expected[key][0].title for key, record in found.items())
    assert all(record["licence"] is None for record in found.values())


def test_files_and_row_groups_are_cut(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, rows, about = dataset
    monkeypatch.setattr(parquet, "FILE_IMAGES", 9)
    monkeypatch.setattr(parquet, "GROUP_IMAGES", 4)
    files = {file.name: b"".join(file.chunks) for file in parquet.export(folder, lambda: iter(rows), about)}
    names = [name for name in files if name.startswith("data/")]
    assert names == [
        *(f"data/train-{number:05}-of-00003.parquet" for number in range(3)),
        "data/validation-00000-of-00001.parquet",
        "data/test-00000-of-00001.parquet",
    ]
    groups = [pq.ParquetFile(io.BytesIO(files[name])).metadata for name in names]
    assert [one.num_rows for one in groups] == [9, 9, 2, 2, 2]
    assert [one.num_row_groups for one in groups] == [3, 3, 1, 1, 1]
    monkeypatch.setattr(parquet, "GROUP_BYTES", 1)
    first = next(iter(parquet.export(folder, lambda: iter(rows), about)))
    assert pq.ParquetFile(io.BytesIO(b"".join(first.chunks))).num_row_groups == 9


def test_images_are_not_compressed_again(unpacked: Unpacked) -> None:
    metadata = pq.ParquetFile(unpacked("parquet") / "data" / "train-00000-of-00001.parquet").metadata
    columns = [metadata.row_group(0).column(number) for number in range(metadata.num_columns)]
    compression = {column.path_in_schema: column.compression for column in columns}
    assert compression.pop("image.bytes") == "UNCOMPRESSED"
    assert set(compression.values()) == {"ZSTD"}
