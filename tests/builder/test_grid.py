"""`builder.grid`: labels in order, the same images each time, and no picture that can stop it."""

import io
from pathlib import Path

from PIL import Image, ImageChops

from builder.grid import thumbnail_grid
from builder.rows import ImageRow
from builder.spec import DatasetSpec, LabelSpec
from builder.store import LocalFolder
from tests.builder.photos import decoded, encoded
from tests.builder.rows_of import row

COLOURS = {"ant": "#c00000", "bee": "#00a000", "cow": "#0000c0"}


def _dataset(root: Path, names: list[str], per_label: int, colours: list[str]) -> tuple[LocalFolder, list[ImageRow]]:
    """Labels whose images are all of the label's colour."""
    folder = LocalFolder(root)
    rows = []
    for name, colour in zip(names, colours, strict=True):
        data = encoded(Image.new("RGB", (300, 200), colour), "PNG")
        folder.write(f"{name}.tar", data)
        rows += [
            row(n, name, shard=f"{name}.tar", offset=0, size_bytes=len(data), width=300, height=200)
            for n in range(per_label)
        ]
    return folder, rows


def _spec(*names: str) -> DatasetSpec:
    return DatasetSpec(name="n", labels=tuple(LabelSpec(name=name) for name in names))


def _close(pixel: object, colour: str) -> bool:
    wanted = tuple(bytes.fromhex(colour[1:]))
    return isinstance(pixel, tuple) and all(abs(a - b) < 12 for a, b in zip(pixel, wanted, strict=True))


def test_a_label_a_line_in_order_of_class(tmp_path: Path) -> None:
    folder, rows = _dataset(tmp_path, [*COLOURS], 9, [*COLOURS.values()])
    image = decoded(thumbnail_grid(folder, reversed(rows), _spec("Cow", "Bee", "Ant")))
    assert image.size == (4 + 8 * 132, 4 + 3 * 152)
    for line, colour in enumerate(COLOURS.values()):
        top = 4 + line * 152 + 20
        assert all(_close(image.getpixel((68 + column * 132, top + 64)), colour) for column in range(8))
        caption = image.crop((4, top - 20, 136, top - 2))
        assert ImageChops.invert(caption.convert("L")).getbbox() is not None


def test_the_same_rows_in_any_order_give_the_same_bytes(tmp_path: Path) -> None:
    folder, rows = _dataset(tmp_path, [*COLOURS], 20, [*COLOURS.values()])
    assert thumbnail_grid(folder, rows, _spec(*COLOURS)) == thumbnail_grid(folder, rows[::-1], _spec(*COLOURS))


def test_many_labels_share_the_lines(tmp_path: Path) -> None:
    names = [f"label-{number:02}" for number in range(70)]
    folder, rows = _dataset(tmp_path, names, 3, [f"#{3 * number:02x}4060" for number in range(70)])
    image = decoded(thumbnail_grid(folder, rows, _spec(*names)))
    assert image.size == (4 + 8 * 132, 4 + 8 * 152)
    for number in range(64):
        place = (68 + number % 8 * 132, 88 + number // 8 * 152)
        assert _close(image.getpixel(place), f"#{3 * number:02x}4060")


def test_what_does_not_decode_leaves_its_place_empty(tmp_path: Path) -> None:
    folder, rows = _dataset(tmp_path, ["ant"], 1, ["#c00000"])
    cut = folder.read("ant.tar")[:60]
    folder.write("cut.tar", cut)
    rows.append(row(1, "ant", shard="cut.tar", offset=0, size_bytes=len(cut), width=300, height=200))
    rows.append(row(2, "ant", shard="gone.tar", offset=0, size_bytes=9, width=20_000, height=20_000))
    image = decoded(thumbnail_grid(folder, rows, _spec("ant")))
    pixels = [image.getpixel((68 + column * 132, 88)) for column in range(3)]
    assert sorted((_close(pixel, "#c00000"), _close(pixel, "#eaeef2")) for pixel in pixels) == [
        (False, False),
        (False, True),
        (True, False),
    ]


def test_names_are_told_by_folder_where_the_font_has_no_letters(tmp_path: Path) -> None:
    spec = _spec("кошка")
    slug = spec.labels[0].slug
    folder, rows = _dataset(tmp_path, [slug], 1, ["#c00000"])
    ascii_spec = _spec(slug)
    assert thumbnail_grid(folder, rows, spec) == thumbnail_grid(folder, rows, ascii_spec)


def test_long_names_end_where_the_next_begins(tmp_path: Path) -> None:
    names = ["a" * 60, *(f"b{number}" for number in range(63))]
    folder, rows = _dataset(tmp_path, names, 1, ["#c00000"] * 64)
    image = Image.open(io.BytesIO(thumbnail_grid(folder, rows, _spec(*names))))
    gap = image.crop((132, 4, 136, 24)).convert("L")
    assert gap.getextrema()[0] > 240  # type: ignore[operator]  # one band
