"""`jsonl`: one zip with the images, `images.jsonl` for all of them, `{split}/metadata.jsonl` for Hugging Face."""

import json
from collections.abc import Iterator

from builder.exports.base import About, ExportFile, Rows, accepted, classes, encoded
from builder.exports.sidecars import Entry, zipped
from builder.exports.tables import Cells, class_cells, measure_cells, origin_cells, split_tables
from builder.rows import ImageRow
from builder.store import Folder


def export(folder: Folder, rows: Rows, about: About) -> Iterator[ExportFile]:
    """`{dataset slug}.zip`, images as in `imagefolder`.

    `images.jsonl` has an object per image, `file_name` relative to the root; `{split}/metadata.jsonl` has the same
    for `load_dataset("imagefolder")`, relative to its own folder. What a source did not tell is "".
    """
    return zipped(folder, rows, about, "jsonl", _tables(rows, classes(about.spec)))


def _tables(rows: Rows, numbers: dict[str, int]) -> Iterator[Entry]:
    def cells(row: ImageRow) -> Cells:
        return class_cells(row, numbers) | measure_cells(row) | origin_cells(row)

    yield "images.jsonl", _jsonl(cells(row) for row in accepted(rows))
    yield from split_tables(rows, "metadata.jsonl", cells, _jsonl)


def _jsonl(lines: Iterator[Cells]) -> Iterator[bytes]:
    return encoded(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
