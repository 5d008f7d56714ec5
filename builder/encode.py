"""Pixels to a file's bytes: JPEG by libjpeg-turbo, PNG and WebP by Pillow; no metadata in any."""

import io
from typing import Literal

import numpy as np
import simplejpeg
from PIL import Image

from builder.pixels import Mode
from builder.resize import Values

OutputFormat = Literal["jpeg", "png", "webp"]

MAX_SIDE: dict[OutputFormat, int] = {"jpeg": 65_500, "png": 2**31 - 1, "webp": 16_383}
"""Pixels that a side may have in each format."""

_QUALITY = {"jpeg": 92, "webp": 90}


def encode(
    values: Values, mode: Mode, output: OutputFormat, quality: int | None, *, full_colour: bool = False
) -> bytes:
    """The bytes of a file that holds these pixels, in sRGB. The same input gives the same bytes, with the same
    libraries.

    `mode` is L or RGB, for PNG and WebP also RGBA. `quality` is 1 to 100, None 92 for JPEG and 90 for WebP; PNG has
    none. JPEG halves the resolution of colour as every camera does (4:2:0) unless `full_colour` is asked for.
    """
    quality = quality or _QUALITY.get(output)
    if output == "jpeg":
        values = np.ascontiguousarray(values)
        if mode == "L":
            return bytes(simplejpeg.encode_jpeg(values[:, :, None], quality, "GRAY", "Gray"))
        return bytes(simplejpeg.encode_jpeg(values, quality, "RGB", "444" if full_colour else "420"))
    buffer = io.BytesIO()
    options = {"compress_level": 6} if output == "png" else {"quality": quality, "method": 4}
    Image.fromarray(values).save(buffer, output.upper(), **options)
    return buffer.getvalue()
