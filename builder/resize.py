"""Sizes: how large a picture becomes, and scaling pixels so that it costs little and loses little."""

from math import ceil

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from builder.spec import ImageSpec

Values = NDArray[np.uint8]
"""Pixels: (height, width) grey, or (height, width, channels)."""
Size = tuple[int, int]
"""Width and height."""

cv2.setNumThreads(1)
# Processes and the threads that call us are the parallelism; a pool per process would only fight with them.

_HALVINGS = ((1.1, 0), (3.2, 1), (6.4, 2))
"""Up to which ratio the pixels go by linear interpolation to how many doublings of the target first."""

_ROOM, _ROOM_PIXELS = 3, 384
_SMALL_LONG, _SMALL_SHORT = 192, 128
_WHITE = 255


def scaled_size(size: Size, spec: ImageSpec, longest: int) -> Size:
    """Width and height to scale a picture to; `framed` does the rest of `pad` and `crop`.

    `longest` is what a side may have in the format to be written. With `only_if_bigger` nothing is scaled up.
    """
    width, height = size
    factor = 1.0
    if spec.size is not None:
        factor = spec.size / (min(size) if spec.resize == "crop" else max(size))
        if spec.only_if_bigger:
            factor = min(factor, 1.0)
    factor = min(factor, longest / max(size))
    return max(1, round(width * factor)), max(1, round(height * factor))


def small_size(size: Size) -> Size:
    """The size at which hashes are taken and checks are made: 192 pixels on the longest side, unless the shortest
    would have less than 128 then. Never larger than the picture."""
    factor = max(_SMALL_LONG / max(size), _SMALL_SHORT / min(size))
    return size if factor >= 1 else (max(1, round(size[0] * factor)), max(1, round(size[1] * factor)))


def room(target: Size, size: Size) -> Size:
    """At least how large a JPEG of `size` has to be decoded to become `target` without visible loss.

    The decoder's scaling is another filter than the mean of an area. Measured against full decode and area resize on
    photographs of about 1,200 pixels: 51 dB at half scale, 49 dB at quarter scale (medians). Of smaller photographs it
    keeps less (32 dB at 500 pixels), and would save little.
    """
    least = _ROOM_PIXELS / max(size)
    return max(_ROOM * target[0], ceil(least * size[0])), max(_ROOM * target[1], ceil(least * size[1]))


def scaled(values: Values, size: Size) -> Values:
    """The pixels at another size; channels are scaled each for itself, so alpha must have been multiplied in.

    Down to a sixth: linear to exactly twice or four times the target, then once or twice the mean of four pixels. Both
    have fast paths in OpenCV; its area interpolation takes two to six times as long, and the result is the same within
    57 dB at half the size and 46 dB at a third (medians of photographs). Further down: area. Up: Lanczos.
    """
    height, width = values.shape[:2]
    if (width, height) == size:
        return values
    if size[0] > width or size[1] > height:
        return _resized(values, size, cv2.INTER_LANCZOS4)
    ratio = max(width / size[0], height / size[1])
    halvings = next((halvings for limit, halvings in _HALVINGS if ratio <= limit), 0)
    if halvings:
        values = _resized(values, (size[0] << halvings, size[1] << halvings), cv2.INTER_LINEAR)
    for left in reversed(range(halvings or 1)):
        values = _resized(values, (size[0] << left, size[1] << left), cv2.INTER_AREA)
    return values


def small(grey: Values) -> Values:
    """Grey pixels at `small_size`. From less than twice that size linear interpolation is exact enough."""
    height, width = grey.shape[:2]
    size = small_size((width, height))
    if size == (width, height):
        return grey
    if max(width / size[0], height / size[1]) <= 2:  # noqa: PLR2004 - each pixel still counts
        return _resized(grey, size, cv2.INTER_LINEAR)
    return scaled(grey, size)


def scaled_with_alpha(values: Values, size: Size) -> Values:
    """RGBA pixels at another size: Pillow multiplies alpha in before and divides it out after."""
    return np.asarray(Image.fromarray(values).resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0))


def framed(values: Values, spec: ImageSpec) -> Values:
    """The square of `pad` (in the middle of white, opaque also where there is alpha) or `crop` (from the middle).

    `values` are upright and scaled. A picture smaller than `size` that is not to be scaled up is padded to `size` all
    the same; cropped, it becomes a square of its own shorter side.
    """
    if spec.size is None or spec.resize == "fit":
        return values
    height, width = values.shape[:2]
    if spec.resize == "crop":
        side = min(width, height, spec.size)
        top, left = (height - side) // 2, (width - side) // 2
        return values[top : top + side, left : left + side]
    top, left = (spec.size - height) // 2, (spec.size - width) // 2
    square = np.full((spec.size, spec.size, *values.shape[2:]), _WHITE, np.uint8)
    square[top : top + height, left : left + width] = values
    return square


def _resized(values: Values, size: Size, interpolation: int) -> Values:
    result: Values = cv2.resize(values, size, interpolation=interpolation)  # type: ignore[assignment]  # OpenCV types all results alike
    return result
