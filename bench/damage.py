"""A folder of pictures, some of them damaged in known ways, to compare what two tools say of each."""

import io
import random
import shutil
from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageFilter, ImageOps

from bench.corpus import Corpus

EACH = 40
"""Pictures of every kind of damage."""

PLAIN_PER_DAMAGED = 2
_VERSION = 2

Harm = Callable[[Image.Image], Image.Image]


def _blurred(picture: Image.Image) -> Image.Image:
    return picture.filter(ImageFilter.GaussianBlur(max(picture.size) / 60))


def _dark(picture: Image.Image) -> Image.Image:
    return picture.point(lambda value: value * 0.06)


def _bright(picture: Image.Image) -> Image.Image:
    return ImageOps.invert(ImageOps.invert(picture).point(lambda value: value * 0.06))


def _uniform(picture: Image.Image) -> Image.Image:
    return Image.new("RGB", picture.size, picture.resize((1, 1)).getpixel((0, 0)))


def _empty_page(picture: Image.Image) -> Image.Image:
    """Nearly all of it blank, as placeholders of missing pictures are."""
    page = Image.new("RGB", picture.size, (238, 238, 238))
    small = picture.resize((picture.width // 12, picture.height // 12))
    page.paste(small, ((page.width - small.width) // 2, (page.height - small.height) // 2))
    return page


def _strip(picture: Image.Image) -> Image.Image:
    return picture.crop((0, picture.height // 2, picture.width, picture.height // 2 + picture.width // 9))


def _tiny(picture: Image.Image) -> Image.Image:
    return picture.resize((40, 30))


def _huge(picture: Image.Image) -> Image.Image:
    return picture.resize((picture.width * 3600 // max(picture.size), picture.height * 3600 // max(picture.size)))


def _grey(picture: Image.Image) -> Image.Image:
    return picture.convert("L")


def _half(picture: Image.Image) -> Image.Image:
    return picture.resize((picture.width // 2, picture.height // 2))


HARMS: dict[str, Harm] = {
    "blurred": _blurred,
    "dark": _dark,
    "bright": _bright,
    "uniform": _uniform,
    "empty page": _empty_page,
    "strip": _strip,
    "tiny": _tiny,
    "huge": _huge,
    "grey": _grey,
}
"""Damage that leaves a picture that decodes."""

KINDS = ("plain", *HARMS, "half-size copy", "same bytes")
"""No files that do not decode: CleanVision 0.3.7 ends with an exception at the first one."""

DAMAGED_FROM = EACH * (len(KINDS) - 1) * (PLAIN_PER_DAMAGED + 1)
"""Pictures that are needed for it."""


def make_damaged(corpus: Corpus, folder: Path) -> Path:
    """A folder with EACH pictures of every damage and PLAIN_PER_DAMAGED times as many plain ones; found again later.

    Each damage is done to pictures of its own, except for copies, which stand beside what they are copies of. The
    file's name tells what was done, before the dash: `blurred-0012.jpg`; names are shuffled in order, not in kind.
    """
    damaged = len(KINDS) - 1
    target = folder / f"{corpus.folder.name}-{EACH}-{_VERSION}"
    stamp = target.with_suffix(".made")
    if stamp.exists():
        return target
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    sources = [corpus.folder / picture.name for picture in corpus.pictures[:DAMAGED_FROM]]
    plain, rest = sources[: damaged * EACH * PLAIN_PER_DAMAGED], sources[damaged * EACH * PLAIN_PER_DAMAGED :]
    for number, source in enumerate(plain):
        shutil.copyfile(source, target / f"plain-{number:04}.jpg")
    mixed = random.Random(_VERSION).sample(plain, k=2 * EACH)  # noqa: S311 - which pictures are copied is no secret
    for number in range(EACH):
        for kind, harm in HARMS.items():
            _save(_opened(rest.pop()), harm, target / f"{kind}-{number:04}.jpg")
        _save(_opened(mixed[number]), _half, target / f"half-size copy-{number:04}.jpg")
        shutil.copyfile(mixed[EACH + number], target / f"same bytes-{number:04}.jpg")
    stamp.touch()
    return target


def kind_of(name: str) -> str:
    """What was done to the picture of that file name."""
    return Path(name).name.rpartition("-")[0]


def _opened(path: Path) -> Image.Image:
    with Image.open(io.BytesIO(path.read_bytes())) as image:
        return image.convert("RGB")


def _save(picture: Image.Image, harm: Harm, path: Path) -> None:
    harm(picture).save(path, "JPEG", quality=85)
