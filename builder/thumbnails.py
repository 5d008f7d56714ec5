"""Small JPEGs of stored images, to look at."""

import io

from PIL import Image

from builder import pixels


def thumbnail(data: bytes, size: int) -> bytes:
    """A JPEG, upright and in sRGB, that fits into `size` x `size` pixels. `data` has passed validation."""
    with Image.open(io.BytesIO(data)) as image:
        turned = pixels.orientation(image)
        image.draft("RGB", (size * 2, size * 2))  # JPEG decodes at a fraction of its size, never below twice the target
        return pixels.encode(pixels.plain(image), turned, "jpeg", size)[0]
