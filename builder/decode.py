"""From a file's bytes to pixels: JPEG by libjpeg-turbo at the scale that is needed, everything else by Pillow."""

import io
import re
import warnings
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
import simplejpeg
from PIL import Image

from builder.formats import SourceFormat
from builder.jpeg import JpegHeader, read_header
from builder.pixels import Mode, orientation, plain
from builder.resize import Size, Values

Image.MAX_IMAGE_PIXELS = 200_000_000
# Pillow raises at twice this, before plugins allocate anything: the highest `ImageSpec.max_pixels`. Between once and
# twice it only warns, where `max_pixels` decides; and it warns of odd metadata, which says nothing about the pixels.
# Here, because whatever opens an image comes by: what was let in must also open later, for its thumbnail.
warnings.filterwarnings("ignore", module=r"PIL\.")

_SOS = b"\xff\xda"
_TURNED = re.compile(
    rb"\x01\x12\0(?!\x03\0\0\0\x01\0\x01)[\x01-\x0d]\0\0\0|\x12\x01(?!\x03\0\x01\0\0\0\x01\0)[\x01-\x0d]\0"
    rb"|Orientation(?:=\"|>)[2-8]",
    re.DOTALL,
)
"""What looks like an orientation other than upright, in EXIF of either byte order or in XMP. Only then is Pillow asked,
which takes as long as a tenth of the decoding."""

LARGE_PIXELS = 25_000_000
_TILE_WIDTH_TAG, _TILE_LENGTH_TAG = 322, 323
_MAX_JPEG_FACTOR = 8
_COMPONENTS = {1: "GRAY", 3: "RGB"}
_REDUCED = {
    8: cv2.IMREAD_REDUCED_COLOR_8,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    1: cv2.IMREAD_COLOR,
}


@dataclass(frozen=True, slots=True)
class Pixels:
    """8-bit pixels as stored, not yet upright, and what their channels are."""

    values: Values
    mode: Mode


class JpegFile:
    """A JPEG of one or three components with 8 bits each. What libjpeg only warns of is left to Pillow to judge."""

    animated = False

    def __init__(self, data: bytes, header: JpegHeader) -> None:
        self._data = data
        self.opened = header
        self.size: Size = (header.width, header.height)
        self.pixels = header.width * header.height
        self.icc = header.icc
        told = any(_TURNED.search(data, start, end) for start, end in header.metadata)
        self.turn = PillowFile(data, "jpeg").turn if told else 1
        self.warned = False
        """Whether libjpeg had anything to say about the coded pixels."""

    @property
    def scans(self) -> int:
        """Passes over the pixels, at most."""
        return self._data.count(_SOS) if self.opened.small_scans else 1

    def decode(self, wanted: Size | None, *, grey: bool = False) -> Pixels:
        """All of the picture, at the smallest scale of 1, 1/2, 1/4 and 1/8 not below `wanted`; None: in full.

        `grey` skips colour. Raises what Pillow raises for a damaged file.
        """
        colours = "GRAY" if grey else _COMPONENTS[self.opened.components]
        factor = min(_factor(self.size, wanted), _MAX_JPEG_FACTOR) if wanted else 1
        factor = 1 << factor.bit_length() - 1  # only powers of two have fast transforms
        width, height = (-(-side // factor) for side in self.size)
        try:
            values = simplejpeg.decode_jpeg(self._data, colours, min_width=width, min_height=height)
        except ValueError:
            self.warned = True
            return PillowFile(self._data, "jpeg").decode(wanted)
        return Pixels(values[:, :, 0], "L") if colours == "GRAY" else Pixels(values, "RGB")


class PillowFile:
    """An image of any format that Pillow opens; nothing is decoded yet.

    `turn` is the EXIF orientation (1 to 8) and final only after `decode`: a PNG may tell it behind its pixels. `pixels`
    is what decoding has to hold: of a TIFF with tiles larger than the picture, a tile's.
    """

    warned = False

    def __init__(self, data: bytes, found: SourceFormat) -> None:
        if found == "heic":
            register_heif()
        self._data = data
        self._found = found
        formats = ("HEIF" if found == "heic" else found.upper(),)
        self.opened = self._image = Image.open(io.BytesIO(data), formats=formats)
        self.size: Size = self._image.size
        self.turn = orientation(self._image)
        self.icc: bytes | None = self._image.info.get("icc_profile")
        tags = getattr(self._image, "tag_v2", {})
        tile = int(tags.get(_TILE_WIDTH_TAG, 0)) * int(tags.get(_TILE_LENGTH_TAG, 0))
        self.pixels = max(self.size[0] * self.size[1], tile)

    @property
    def scans(self) -> int:
        """Passes over the pixels, at most."""
        return self._data.count(_SOS) if self._found == "jpeg" else 1

    @property
    def animated(self) -> bool:
        """Whether there is more than one frame in time (further pages of a TIFF are none, nor is a JPEG's second)."""
        return self._found not in {"jpeg", "tiff"} and bool(getattr(self._image, "is_animated", False))

    def decode(self, wanted: Size | None, *, grey: bool = False) -> Pixels:
        """The first picture, whole, by a whole number smaller and not below `wanted`; None: in full.

        Memory is kept low by reducing at once; of a large WebP the decoder itself reduces. `grey` is a hint that
        changes nothing here. Raises nearly anything for damaged files.
        """
        if self._found == "webp" and self.pixels > LARGE_PIXELS and self._image.mode == "RGB" and not self.animated:
            return Pixels(self._reduced_webp(wanted), "RGB")
        if wanted is not None and self._found == "jpeg":
            self._image.draft(self._image.mode, wanted)
        self._image.load()
        self.turn = orientation(self._image)
        picture = plain(self._image)
        if wanted is not None and (factor := _factor(picture.size, wanted)) > 1:
            picture = picture.reduce(factor)
        return Pixels(np.asarray(picture), picture.mode)  # type: ignore[arg-type]  # `plain` gives no other mode

    def _reduced_webp(self, wanted: Size | None) -> Values:
        """A third of the memory that Pillow's animation decoder takes."""
        factor = 1 if wanted is None else _factor(self.size, wanted)
        flag = next(flag for divisor, flag in _REDUCED.items() if divisor <= factor)
        values = cv2.imdecode(np.frombuffer(self._data, np.uint8), flag | cv2.IMREAD_IGNORE_ORIENTATION)
        if values is None:
            msg = "the WebP decoder stopped before the last pixel"
            raise OSError(msg)
        return cv2.cvtColor(values, cv2.COLOR_BGR2RGB, dst=values)  # type: ignore[return-value]  # OpenCV types all results alike


def open_image(data: bytes, found: SourceFormat) -> JpegFile | PillowFile:
    """The file, opened but not decoded. Raises nearly anything for damaged files."""
    if found == "jpeg":
        header = read_header(data)
        if header is not None and header.components in _COMPONENTS and header.bits == 8 and header.width:  # noqa: PLR2004
            _check_size(data, (header.width, header.height))
            return JpegFile(data, header)
        file = PillowFile(data, found)
        _check_size(data, file.size)
        return file
    return PillowFile(data, found)


def _check_size(data: bytes, size: Size) -> None:
    """A file can be made so that two readers see two headers; every limit is held against the size seen here, so the
    decoder must see the same. Raises OSError when it does not."""
    try:
        height, width, *_ = simplejpeg.decode_jpeg_header(data, strict=False)
    except ValueError:
        return  # then it decodes nothing either
    if (width, height) != size:
        msg = f"a header of {size[0]}x{size[1]} pixels, a picture of {width}x{height}"
        raise OSError(msg)


@cache
def register_heif() -> bool:
    """Teach Pillow HEIC where pillow-heif is installed; False where it is not."""
    try:
        import pillow_heif
    except ImportError:
        return False
    pillow_heif.register_heif_opener()
    return True


def _factor(size: Size, wanted: Size) -> int:
    """By what whole number a picture may be reduced and still be as large as wanted."""
    return max(1, min(size[0] // wanted[0], size[1] // wanted[1]))
