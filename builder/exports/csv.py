"""`csv`: one zip with the images, `images.csv` for pandas and spreadsheets, `{split}/metadata.csv` for Hugging Face."""

import csv
import io
from collections.abc import Iterator

from builder.attribution import inert
from builder.exports.base import About, ExportFile, Rows, accepted, classes, encoded
from builder.exports.sidecars import Entry, zipped
from builder.exports.tables import Cells, class_cells, measure_cells, origin_cells, split_tables
from builder.rows import ImageRow
from builder.store import Folder


def export(folder: Folder, rows: Rows, about: About) -> Iterator[ExportFile]:
    """`{dataset slug}.zip`, images as in `imagefolder`.

    `images.csv` has a line per image with all that is told of it, `file_name` relative to the root; read it with
    `keep_default_na=False`, for a label may be called `null`. `{split}/metadata.csv` is for Hugging Face's
    `imagefolder` and has only columns that no split can have empty: pandas would make numbers of an empty one, and
    `datasets` refuses splits whose columns differ in type. RFC 4180, UTF-8; what a spreadsheet would run has a quote
    in front.
    """
    return zipped(folder, rows, about, "csv", _tables(rows, classes(about.spec)))


def _tables(rows: Rows, numbers: dict[str, int]) -> Iterator[Entry]:
    def cells(row: ImageRow) -> Cells:
        return class_cells(row, numbers) | measure_cells(row)

    yield "images.csv", _csv(cells(row) | origin_cells(row) for row in accepted(rows))
    yield from split_tables(rows, "metadata.csv", cells, _csv)


def _csv(lines: Iterator[Cells]) -> Iterator[bytes]:
    return encoded(_texts(lines))


def _texts(lines: Iterator[Cells]) -> Iterator[str]:
    for number, line in enumerate(lines):
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        if not number:
            writer.writerow(line)
        writer.writerow([inert(cell) if isinstance(cell, str) else cell for cell in line.values()])
        yield text.getvalue()
