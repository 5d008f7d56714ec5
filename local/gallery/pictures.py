"""The gallery's distinct pictures: whole photographs and details cut from them, encoded the way the web does."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import imagehash
from PIL import Image, ImageOps, ImageStat

from local.gallery.photographs import PHOTOGRAPHS, GalleryError, Photograph
from local.gallery.topics import TOPICS, Topic

MIN_DISTANCE = 13
"""Bits of 64 in which the perceptual hashes of any two pictures differ at least: above every rule for duplicates."""
MIN_CONTRAST = 12.0
"""Standard deviation of the grey levels, of 255, below which a detail is flat sky or paper and shows nothing."""
TILE_STEP = 0.78
"""Distance of neighbouring details as a share of their size: they overlap by about a fifth."""
ORIENTATION = 0x0112  # EXIF tag; 6 means "turn by 90 degrees clockwise to view", EXIF 2.32 section 4.6.4
STYLES = ("jpeg", "png", "jpeg", "webp", "progressive", "rotated", "jpeg", "grey", "jpeg", "cmyk", "jpeg", "gif")


@dataclass(frozen=True)
class Picture:
    """One distinct picture: `width` and `height` are what a person sees, after EXIF orientation."""

    topic: str
    number: int
    photograph: str
    style: str
    data: bytes
    width: int
    height: int

    @property
    def extension(self) -> str:
        """Of the file name: jpg, png, webp or gif."""
        return self.style if self.style in {"png", "webp", "gif"} else "jpg"


def encode(image: Image.Image, style: str) -> bytes:
    """The bytes of an RGB image in one of `STYLES`."""
    out = io.BytesIO()
    if style in {"png", "gif"}:
        image.save(out, style.upper())
    elif style == "webp":
        image.save(out, "WEBP", quality=88)
    elif style == "rotated":
        exif = Image.Exif()
        exif[ORIENTATION] = 6
        image.transpose(Image.Transpose.ROTATE_90).save(out, "JPEG", quality=90, exif=exif)
    else:
        mode = {"grey": "L", "cmyk": "CMYK"}.get(style, "RGB")
        image.convert(mode).save(out, "JPEG", quality=90, progressive=style == "progressive")
    return out.getvalue()


def perceptual_hash(data: bytes) -> int:
    """The 64-bit pHash of an encoded image as it is seen."""
    with Image.open(io.BytesIO(data)) as image:
        return int(str(imagehash.phash(ImageOps.exif_transpose(image).convert("RGB"))), 16)


@cache
def load(photograph: Photograph) -> Image.Image:
    """The photograph's pixels as RGB."""
    with Image.open(photograph.path) as image:
        return image.convert("RGB")


def _starts(length: int, tile: int) -> list[int]:
    """Evenly spread starts of tiles along a side, from edge to edge."""
    count = max(1, round((length - tile) / (tile * TILE_STEP)) + 1)
    return [round(i * (length - tile) / max(1, count - 1)) for i in range(count)]


def details(photograph: Photograph, tile: tuple[int, int]) -> Iterator[Image.Image]:
    """The whole photograph, then its details of `tile` pixels row by row, those that show nothing left out."""
    whole = load(photograph)
    yield whole
    width, height = tile
    for y in _starts(whole.height, height):
        for x in _starts(whole.width, width):
            detail = whole.crop((x, y, x + width, y + height))
            if ImageStat.Stat(detail.convert("L")).stddev[0] >= MIN_CONTRAST:
                yield detail


def pictures() -> Iterator[Picture]:
    """Every distinct picture, topic by topic; GalleryError if a topic has fewer than its table says."""
    hashes: list[int] = []
    for topic in TOPICS.values():
        count = 0
        for picture in _candidates(topic):
            phash = perceptual_hash(picture.data)
            if count < topic.pictures and all((phash ^ other).bit_count() >= MIN_DISTANCE for other in hashes):
                hashes.append(phash)
                count += 1
                yield picture
        if count < topic.pictures:
            msg = f"only {count} of {topic.pictures} pictures of {topic.name} are distinct: lower its number in TOPICS"
            raise GalleryError(msg)


def _candidates(topic: Topic) -> Iterator[Picture]:
    number = 0
    for name in topic.photographs:
        for image in details(PHOTOGRAPHS[name], topic.tile):
            style = STYLES[number % len(STYLES)]
            yield Picture(topic.name, number, name, style, encode(image, style), *image.size)
            number += 1
