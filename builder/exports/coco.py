"""`coco`: one zip with `split/image` and `annotations/instances_{split}.json`, as pycocotools reads it."""

import json
from collections.abc import Iterator

from builder.exports.base import (
    About,
    ExportFile,
    Rows,
    accepted,
    classes,
    encoded,
    file_name,
    folder_name,
    splits_with_images,
)
from builder.exports.sidecars import Entry, zipped
from builder.rows import ImageRow, Split
from builder.store import Folder


def export(folder: Folder, rows: Rows, about: About) -> Iterator[ExportFile]:
    """`{dataset slug}.zip`. Format: cocodataset.org/#format-data, object detection.

    A picture has one annotation: its label, with a box and a polygon around the whole picture. COCO has no form for
    classification, and its tools want both; nobody has drawn them, as `info.description` says. Categories count from
    1 as COCO's do, images and annotations by place in the dataset, so that they differ between splits too. Licences
    count from 1; 0 is for images whose source told none.
    """
    return zipped(folder, rows, about, "coco", _annotations(rows, about))


def _annotations(rows: Rows, about: About) -> Iterator[Entry]:
    for split in splits_with_images(rows):
        yield f"annotations/instances_{split}.json", encoded(_document(rows, about, split))


def _document(rows: Rows, about: About, split: Split) -> Iterator[str]:
    """The JSON, an image or annotation a line: the rows are gone through twice rather than held."""
    licences = _licences(about)
    categories = {slug: number + 1 for slug, number in classes(about.spec).items()}
    names = {label.slug: label.name for label in about.spec.labels}
    head = {
        "info": _info(about),
        "licenses": [{"id": number, "name": name or "not told", "url": ""} for name, number in licences.items()],
        "categories": [
            {"id": number, "name": slug, "supercategory": "", "title": names[slug]}
            for slug, number in categories.items()
        ],
    }
    yield json.dumps(head, ensure_ascii=False).removesuffix("}") + ',\n"images": [\n'
    yield from _list(_image(number, row, licences[row.licence or ""]) for number, row in _numbered(rows, split))
    yield '],\n"annotations": [\n'
    yield from _list(_annotation(number, row, categories) for number, row in _numbered(rows, split))
    yield "]}\n"


def _numbered(rows: Rows, split: Split) -> Iterator[tuple[int, ImageRow]]:
    """The split's rows with their place in the dataset, from 1."""
    return ((number, row) for number, row in enumerate(accepted(rows), start=1) if (row.split or "train") == split)


def _list(records: Iterator[dict[str, object]]) -> Iterator[str]:
    separator = ""
    for record in records:
        yield separator + json.dumps(record, ensure_ascii=False)
        separator = ",\n"
    yield "\n"


def _info(about: About) -> dict[str, object]:
    made: dict[str, object] = (
        {"date_created": about.created.isoformat(), "year": about.created.year} if about.created else {}
    )
    return {
        "description": f"{about.report.name}: labels of whole pictures; boxes and polygons are the pictures' borders",
        "url": about.url or "",
        "version": "1.0",
        "contributor": "PixCrawler",
        **made,
    }


def _licences(about: About) -> dict[str, int]:
    """Numbers by what the source told; "" has 0."""
    told = (name for name in about.report.licences if name)
    return {"": 0} | {name: number for number, name in enumerate(told, start=1)}


def _image(number: int, row: ImageRow, licence: int) -> dict[str, object]:
    """`coco_url` is where the image was found: pycocotools' `download` asks there."""
    return {
        "id": number,
        "file_name": file_name(row),
        "width": row.width,
        "height": row.height,
        "license": licence,
        "coco_url": row.url,
    }


def _annotation(number: int, row: ImageRow, categories: dict[str, int]) -> dict[str, object]:
    width, height = row.width or 0, row.height or 0
    return {
        "id": number,
        "image_id": number,
        "category_id": categories[folder_name(row.label)],
        "bbox": [0, 0, width, height],
        "area": width * height,
        "segmentation": [[0, 0, width, 0, width, height, 0, height]],
        "iscrowd": 0,
    }
