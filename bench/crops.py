"""One picture of the corpus from one photograph: a slanted cut-out, scaled, with grain, as a JPEG like the web's."""

import hashlib
import io
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image

RECIPE = 1
"""Goes up whenever the pictures change, so that none made before is taken."""

_LONG_SIDES = np.array([400, 500, 640, 800, 1024, 1600])
_SHARES = np.array([0.11, 0.60, 0.13, 0.10, 0.04, 0.02])
_ASPECTS = np.array([4 / 3, 3 / 2, 1.0])
_QUALITIES = np.array([75, 80, 85, 90, 95])
_GRAIN_SIDE = 2048
_SLANT = 0.12
_SHARE_444 = 0.15


@dataclass(frozen=True, slots=True)
class Crop:
    """A picture: its bytes as JPEG, and its pHash (64 bits)."""

    data: bytes
    phash: int


class Cutter:
    """Cuts pictures out of one photograph; the same number gives the same picture."""

    def __init__(self, photograph: Path) -> None:
        content = photograph.read_bytes()
        self._seed = int.from_bytes(hashlib.sha256(content).digest()[:8])
        with Image.open(io.BytesIO(content)) as image:
            self._photograph = image.convert("RGB")

    def cut(self, number: int) -> Crop:
        """Picture `number` of the photograph."""
        random = np.random.default_rng([self._seed, number])
        # Bilinear: a quarter of bicubic's time, and the grain gives the picture its detail.
        picture = self._photograph.transform(
            _size(random), Image.Transform.QUAD, self._corners(random), Image.Resampling.BILINEAR
        )
        if random.random() < 0.5:  # noqa: PLR2004 - every other one
            picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        picture = _grained(picture, random)
        buffer = io.BytesIO()
        subsampling = "4:4:4" if random.random() < _SHARE_444 else "4:2:0"
        picture.save(buffer, "JPEG", quality=int(random.choice(_QUALITIES)), subsampling=subsampling)
        return Crop(buffer.getvalue(), int(str(imagehash.phash(picture)), 16))

    def _corners(self, random: np.random.Generator) -> tuple[float, ...]:
        """North-west, south-west, south-east and north-east corner of the cut-out, in pixels of the photograph."""
        width, height = self._photograph.size
        share = random.uniform(0.35, 0.9, 2)
        left, top = random.uniform(0, 1 - share)
        box = np.array([[0, 0], [0, 1], [1, 1], [1, 0]]) * share + (left, top)
        slanted = np.clip(box + random.uniform(-_SLANT, _SLANT, (4, 2)) * share, 0, 1) * (width - 1, height - 1)
        turned = np.roll(slanted, int(random.integers(4)), axis=0)
        return tuple(turned.ravel().tolist())


def _size(random: np.random.Generator) -> tuple[int, int]:
    """Width and height in pixels: mostly 500x375, some up to 1600 pixels long, every fourth upright."""
    long = int(random.choice(_LONG_SIDES, p=_SHARES))
    short = round(long / random.choice(_ASPECTS, p=[0.7, 0.2, 0.1]))
    return (short, long) if random.random() < 0.25 else (long, short)  # noqa: PLR2004 - every fourth


def _grained(picture: Image.Image, random: np.random.Generator) -> Image.Image:
    """The picture with the grain of a sensor: a cut-out scaled up has no detail of its own, and would be too small a
    file and too soft a picture."""
    width, height = picture.size
    left, top = random.integers(0, _GRAIN_SIDE - max(picture.size), 2)
    grain = _grain()[top : top + height, left : left + width, None]
    strength = np.int16(random.integers(3, 12))
    pixels = np.asarray(picture).astype(np.int16) + grain * strength // np.int16(32)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


@cache
def _grain() -> NDArray[np.int16]:
    """Normal noise with a standard deviation of 32, made once per process."""
    noise = np.random.default_rng(0).normal(0, 32, (_GRAIN_SIDE, _GRAIN_SIDE))
    return noise.round().astype(np.int16)
