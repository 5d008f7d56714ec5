"""`parquet`: tables with the images in them, as Hugging Face's Hub and `datasets` read and show them."""

import json
from collections.abc import Iterator
from operator import attrgetter

import pyarrow as pa
import pyarrow.parquet as pq

from builder.drain import Drain
from builder.exports.base import About, ExportFile, Rows, classes, file_name, folder_name, of_split
from builder.exports.cut import cut
from builder.exports.sidecars import beside
from builder.images import read_images
from builder.rows import SPLITS, ImageRow, Split
from builder.store import Folder

FILE_IMAGES = 10_000
FILE_BYTES = 256 << 20
"""A file is full when it has this many images, or when another one would make their bytes more than this."""

GROUP_IMAGES = 100
GROUP_BYTES = 16 << 20
"""The same for a row group: what a viewer loads to show one image, and what is held while it is written."""

SPLIT_NAMES: dict[Split, str] = {"train": "train", "val": "validation", "test": "test"}
"""As Hugging Face names them."""

_IMAGE = pa.struct([pa.field("bytes", pa.binary()), pa.field("path", pa.string())])
_TOLD = pa.schema(
    [
        pa.field("key", pa.string()),
        pa.field("width", pa.int32()),
        pa.field("height", pa.int32()),
        pa.field("sha256", pa.string()),
        pa.field("url", pa.string()),
        pa.field("page_url", pa.string()),
        pa.field("title", pa.string()),
        pa.field("licence", pa.string()),
    ]
)
"""Columns that are fields of `ImageRow` by the same name."""

_cells = attrgetter(*_TOLD.names)


def export(folder: Folder, rows: Rows, about: About) -> Iterator[ExportFile]:
    """`data/{split}-{n:05}-of-{N:05}.parquet`, then the sidecars.

    `image` is a struct of the file's bytes and name, `label` the number of the class; what they mean to `datasets`
    (Image, ClassLabel with names) is in the schema's metadata, under `huggingface`. Images are not compressed again,
    the other columns are (Zstandard).
    """
    numbers = classes(about.spec)
    schema = _schema(list(numbers))
    files = {split: _count(rows, split) for split in SPLITS}
    for split in SPLITS:
        for number, part in cut(of_split(rows, split), FILE_IMAGES, FILE_BYTES):
            name = f"data/{SPLIT_NAMES[split]}-{number:05}-of-{files[split]:05}.parquet"
            yield ExportFile(name, _parquet(folder, part, schema, numbers))
    yield from beside(folder, rows, about, "parquet")


def _count(rows: Rows, split: Split) -> int:
    """How many files the split takes: each has that in its name."""
    return sum(1 for _ in cut(of_split(rows, split), FILE_IMAGES, FILE_BYTES))


def _schema(names: list[str]) -> pa.Schema:
    """With the features of `datasets.Features.to_dict`, so that readers need not be told them."""
    values = {field.name: {"dtype": str(field.type), "_type": "Value"} for field in _TOLD}
    features = {"image": {"_type": "Image"}, "label": {"names": names, "_type": "ClassLabel"}, **values}
    fields = [pa.field("image", _IMAGE), pa.field("label", pa.int64()), *_TOLD]
    return pa.schema(fields, metadata={"huggingface": json.dumps({"info": {"features": features}})})


def _parquet(folder: Folder, rows: Iterator[ImageRow], schema: pa.Schema, numbers: dict[str, int]) -> Iterator[bytes]:
    drain = Drain()
    plain = ["image.path", "label", *_TOLD.names]
    compression = {"image.bytes": "NONE", **dict.fromkeys(plain, "zstd")}
    with pq.ParquetWriter(
        pa.PythonFile(drain, mode="w"),
        schema,
        compression=compression,
        use_dictionary=["label", "licence"],
        write_statistics=plain,
    ) as writer:
        for _, group in cut(rows, GROUP_IMAGES, GROUP_BYTES):
            writer.write_table(_table(list(read_images(folder, group)), schema, numbers))
            yield drain.take()
    yield drain.take()


def _table(images: list[tuple[ImageRow, bytes]], schema: pa.Schema, numbers: dict[str, int]) -> pa.Table:
    contents = pa.array([data for _, data in images], pa.binary())
    names = pa.array([file_name(row) for row, _ in images], pa.string())
    pictures = pa.StructArray.from_arrays([contents, names], fields=list(_IMAGE))
    labels = pa.array([numbers[folder_name(row.label)] for row, _ in images], pa.int64())
    columns = zip(*(_cells(row) for row, _ in images), strict=True)
    told = [pa.array(column, field.type) for column, field in zip(columns, _TOLD, strict=True)]
    return pa.Table.from_arrays([pictures, labels, *told], schema=schema)
