"""What the exports `csv`, `jsonl` and `labels` tell of an image."""

from collections.abc import Callable, Iterator

from builder.exports.base import Rows, folder_name, image_path, of_split, splits_with_images
from builder.exports.sidecars import Entry
from builder.rows import ImageRow

type Cells = dict[str, str | int]


def class_cells(row: ImageRow, numbers: dict[str, int]) -> Cells:
    """Where the image is, relative to the root, and what it shows; `numbers` are those of the classes."""
    label = folder_name(row.label)
    return {"file_name": image_path(row), "split": row.split or "train", "label": label, "class": numbers[label]}


def measure_cells(row: ImageRow) -> Cells:
    """What is known of every image."""
    return {
        "width": row.width or 0,
        "height": row.height or 0,
        "size_bytes": row.size_bytes or 0,
        "sha256": row.sha256 or "",
        "url": row.url,
    }


def origin_cells(row: ImageRow) -> Cells:
    """What only some sources tell; empty rather than null, so that a column has the same type in every file."""
    return {
        "page_url": row.page_url or "",
        "title": row.title or "",
        "engine": row.engine,
        "query": row.query,
        "licence": row.licence or "",
    }


def beside_images(cells: Cells) -> Cells:
    """The same for a file in the folder of the split."""
    return cells | {"file_name": str(cells["file_name"]).removeprefix(f"{cells['split']}/")}


def split_tables(
    rows: Rows, name: str, cells: Callable[[ImageRow], Cells], write: Callable[[Iterator[Cells]], Iterator[bytes]]
) -> Iterator[Entry]:
    """A table `{split}/{name}` for every split that has images: where Hugging Face's `imagefolder` looks for it.

    One table for all splits would not do there: every split would be given all of its rows.
    """
    for split in splits_with_images(rows):
        yield f"{split}/{name}", write(beside_images(cells(row)) for row in of_split(rows, split))
