"""`yolo`: one zip for Ultralytics' classification: folders as in `imagefolder`, and the classes in `data.yaml`."""

import json
from collections.abc import Iterator

from builder.exports.base import About, ExportFile, Rows, classes
from builder.exports.sidecars import zipped
from builder.rows import SPLITS
from builder.spec import DatasetSpec
from builder.store import Folder


def export(folder: Folder, rows: Rows, about: About) -> Iterator[ExportFile]:
    """`{dataset slug}.zip`: what `yolo classify train data=FOLDER` takes.

    Ultralytics reads the classes off the folders of `train`; `data.yaml` tells their numbers to people and other
    tools, in the form that Ultralytics has for its other tasks. Layout: docs.ultralytics.com/datasets/classify.
    """
    return zipped(folder, rows, about, "yolo", [("data.yaml", _data_yaml(about.spec).encode())])


def _data_yaml(spec: DatasetSpec) -> str:
    """Names are quoted as JSON, which YAML reads: one may be `no` or `12`."""
    numbers = classes(spec)
    lines = [
        "path: .  # this folder",
        *(f"{split}: {split}" for split in SPLITS),
        f"nc: {len(numbers)}",
        "names:",
        *(f"  {number}: {json.dumps(slug)}" for slug, number in numbers.items()),
    ]
    return "\n".join(lines) + "\n"
