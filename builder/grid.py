"""`thumbnails.jpg`: some images of each label in one picture, for the dataset's README."""

import io
from bisect import insort
from collections import defaultdict
from collections.abc import Iterable

from PIL import Image, ImageDraw, ImageFont, ImageOps

from builder.exports.base import folder_name
from builder.images import read_images
from builder.rows import ImageRow
from builder.spec import DatasetSpec
from builder.store import Folder
from builder.thumbnails import thumbnail

COLUMNS, ROWS = 8, 8
_TILE, _GAP, _CAPTION = 128, 4, 20  # pixels
_FONT_SIZE = 13
_PAPER, _INK, _BLANK = "#ffffff", "#24292f", "#eaeef2"
_MAX_PIXELS = 50_000_000
"""Images above that are not chosen: only JPEGs are decoded at a fraction of their size."""


class Choice:
    """Which images are shown, of accepted rows that come one by one. Held are 8 rows a label at most."""

    def __init__(self) -> None:
        self._best: defaultdict[str, list[ImageRow]] = defaultdict(list)

    def add(self, row: ImageRow) -> None:
        """Consider one image."""
        best = self._best[folder_name(row.label)]
        if len(best) == COLUMNS and _hash(row) >= _hash(best[-1]):
            return
        if (row.width or 0) * (row.height or 0) <= _MAX_PIXELS:
            insort(best, row, key=_hash)
            del best[COLUMNS:]

    def by_name(self, spec: DatasetSpec) -> dict[str, list[ImageRow]]:
        """By the name to show: the images whose hashes are smallest."""
        slugs = sorted(slug for slug, best in self._best.items() if best)[: COLUMNS * ROWS]
        names = {label.slug: label.name if label.name.isascii() else label.slug for label in spec.labels}
        return {names[slug]: self._best[slug] for slug in slugs}


def thumbnail_grid(folder: Folder, rows: Iterable[ImageRow] | Choice, spec: DatasetSpec) -> bytes:
    """A JPEG of at most 64 of the accepted `rows` (or of what was chosen of them as they went by), label after label in
    order of class, each with its name above.

    A label has 8 images or, where there are many labels, 4, 2 or 1; above 64 labels the first 64 are shown. Which of
    its images is told by their SHA-256: the same next time. Names that the font may not have letters for are told by
    their folder. An image that does not decode leaves its place empty.
    """
    choice = rows if isinstance(rows, Choice) else Choice()
    if not isinstance(rows, Choice):
        for row in rows:
            choice.add(row)
    chosen = choice.by_name(spec)
    per_label = next(n for n in (8, 4, 2, 1) if n * len(chosen) <= COLUMNS * ROWS or n == 1)
    chosen = {label: images[:per_label] for label, images in chosen.items()}
    strips = COLUMNS // per_label  # beside each other
    lines = max(1, -(-len(chosen) // strips))
    size = (_GAP + COLUMNS * (_TILE + _GAP), _GAP + lines * (_CAPTION + _TILE + _GAP))
    canvas = Image.new("RGB", size, _PAPER)
    places: dict[str, tuple[int, int]] = {}
    for number, (label, images) in enumerate(chosen.items()):
        left = _GAP + number % strips * per_label * (_TILE + _GAP)
        top = _GAP + number // strips * (_CAPTION + _TILE + _GAP)
        _caption(canvas, label, (left, top), per_label * (_TILE + _GAP) - _GAP)
        places |= {row.key: (left + place * (_TILE + _GAP), top + _CAPTION) for place, row in enumerate(images)}
    in_order = sorted((row for images in chosen.values() for row in images), key=lambda row: row.key)
    for row, data in read_images(folder, in_order):
        canvas.paste(_tile(data), places[row.key])
    file = io.BytesIO()
    canvas.save(file, "jpeg", quality=85)
    return file.getvalue()


def _hash(row: ImageRow) -> tuple[str, str]:
    return row.sha256 or "", row.key


def _tile(data: bytes) -> Image.Image:
    try:
        small = Image.open(io.BytesIO(thumbnail(data, _TILE * 3 // 2)))
        return ImageOps.fit(small, (_TILE, _TILE))
    except Exception:  # noqa: BLE001 - decoders raise all sorts, and not every tier decodes what it lets in
        return Image.new("RGB", (_TILE, _TILE), _BLANK)


def _caption(canvas: Image.Image, text: str, place: tuple[int, int], width: int) -> None:
    draw, font = ImageDraw.Draw(canvas), ImageFont.load_default(_FONT_SIZE)
    shown = text
    while draw.textlength(shown, font) > width:
        shown = shown.rstrip(".")[:-1] + "..."
    draw.text((place[0], place[1] + 2), shown, _INK, font)
