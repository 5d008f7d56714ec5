"""`labels`: one zip with the images and their labels in every plain form: txt, CSV, JSON, YAML."""

import json
from collections.abc import Iterator

from builder.exports.base import About, ExportFile, Rows, accepted, classes, encoded, of_split, splits_with_images
from builder.exports.sidecars import Entry, zipped
from builder.exports.tables import Cells, class_cells
from builder.store import Folder


def export(folder: Folder, rows: Rows, about: About) -> Iterator[ExportFile]:
    """`{dataset slug}.zip`, images as in `imagefolder`.

    `classes.txt` names class `n` in line `n + 1`. `{split}.txt` has `path class` a line, the form of ImageNet's lists
    (Caffe, MMPretrain); no path has a space. `labels.csv`, `labels.json` and `labels.yaml` tell the same of all splits.
    """
    return zipped(folder, rows, about, "labels", _tables(rows, classes(about.spec)))


def _tables(rows: Rows, numbers: dict[str, int]) -> Iterator[Entry]:
    def lines() -> Iterator[Cells]:
        return (class_cells(row, numbers) for row in accepted(rows))

    yield "classes.txt", "".join(f"{slug}\n" for slug in numbers).encode()
    for split in splits_with_images(rows):
        cells = (class_cells(row, numbers) for row in of_split(rows, split))
        yield f"{split}.txt", encoded(f"{cell['file_name']} {cell['class']}\n" for cell in cells)
    yield "labels.csv", encoded(_csv(lines()))
    yield "labels.json", encoded(_json(lines(), list(numbers)))
    yield "labels.yaml", encoded(_yaml(lines(), list(numbers)))


def _csv(lines: Iterator[Cells]) -> Iterator[str]:
    """Nothing here needs a quote: paths and names are slugs."""
    yield "file_name,split,label,class\r\n"
    for line in lines:
        yield ",".join(map(str, line.values())) + "\r\n"


def _json(lines: Iterator[Cells], names: list[str]) -> Iterator[str]:
    yield f'{{"classes": {json.dumps(names)},\n"images": ['
    separator = "\n"
    for line in lines:
        yield separator + json.dumps(line)
        separator = ",\n"
    yield "\n]}\n"


def _yaml(lines: Iterator[Cells], names: list[str]) -> Iterator[str]:
    """An image a line, as JSON, which is YAML too: a label may be called `no` or `12`, and needs its quotes."""
    yield f"classes: {json.dumps(names)}\nimages:\n"
    for line in lines:
        yield f"- {json.dumps(line)}\n"
