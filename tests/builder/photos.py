"""Photographs that ship inside installed packages, and raw shards made from bytes."""

import io
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import skimage
import sklearn
from PIL import Image

from builder.raw import write_raw
from builder.rows import Candidate, Fetched, FetchReason

_SKIMAGE = Path(skimage.__file__).parent / "data"
_SKLEARN = Path(sklearn.__file__).parent / "datasets" / "images"
PHOTOS = {
    "chelsea": _SKIMAGE / "chelsea.png",
    "astronaut": _SKIMAGE / "astronaut.png",
    "coffee": _SKIMAGE / "coffee.png",
    "rocket": _SKIMAGE / "rocket.jpg",
    "china": _SKLEARN / "china.jpg",
    "flower": _SKLEARN / "flower.jpg",
}


@cache
def photo(name: str) -> Image.Image:
    """A photograph in RGB; do not change it."""
    with Image.open(PHOTOS[name]) as image:
        return image.convert("RGB")


def encoded(image: Image.Image, image_format: str = "JPEG", **options: object) -> bytes:
    """The image as a file's bytes."""
    if image_format == "AVIF":
        options.setdefault("speed", 10)
    buffer = io.BytesIO()
    image.save(buffer, image_format, **options)
    return buffer.getvalue()


def decoded(data: bytes) -> Image.Image:
    """The image in some bytes, all of it read."""
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def picture(seed: int, size: tuple[int, int] = (160, 120)) -> Image.Image:
    """A picture like no other: smooth seeded noise, so that perceptual hashes of different seeds are far apart, under
    a fine grain, so that it is sharp."""
    random = np.random.default_rng(seed)
    noise = Image.fromarray(random.integers(0, 256, (8, 8, 3), dtype=np.uint8)).resize(size, Image.Resampling.BICUBIC)
    grain = random.integers(-40, 41, (size[1], size[0], 1), dtype=np.int16)
    return Image.fromarray(np.clip(np.asarray(noise) + grain, 0, 255).astype(np.uint8))


def candidate(number: int, label: str = "cat") -> Candidate:
    """The candidate of that number."""
    return Candidate(
        url=f"https://example.org/{label}/{number}.jpg",
        label=label,
        engine="bing",
        query=f"{label} photo",
        title=f"No. {number}",
    )


def raw_shard(bodies: Sequence[bytes | FetchReason], label: str = "cat", first: int = 0) -> io.BytesIO:
    """A raw shard: a body where there are bytes, a failure where there is a reason."""
    results: list[tuple[int, Fetched, bytes | None]] = []
    for index, body in enumerate(bodies):
        which = candidate(first + index, label)
        if isinstance(body, bytes):
            results.append((index, Fetched(candidate=which, size_bytes=len(body), http_status=200), body))
        else:
            results.append((index, Fetched(candidate=which, reason=body, detail="it was so"), None))
    return io.BytesIO(write_raw(results))
