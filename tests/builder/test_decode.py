"""`builder.decode`: libjpeg-turbo and Pillow see the same picture; memory is bounded for the largest."""

import subprocess
import sys
from typing import Any

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from builder.decode import LARGE_PIXELS, JpegFile, PillowFile, open_image
from tests.builder.photos import encoded, photo, picture

KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "4:4:4": ("RGB", {"subsampling": 0}),
    "4:2:2": ("RGB", {"subsampling": 1}),
    "4:2:0": ("RGB", {"subsampling": 2}),
    "progressive": ("RGB", {"progressive": True}),
    "coded as RGB": ("RGB", {"keep_rgb": True}),
    "grey": ("L", {}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_both_decoders_see_the_same(kind: str) -> None:
    mode, options = KINDS[kind]
    data = encoded(photo("coffee").convert(mode), quality=92, **options)
    file = open_image(data, "jpeg")
    assert isinstance(file, JpegFile)
    quick, exact = file.decode(None), PillowFile(data, "jpeg").decode(None)
    assert quick.mode == exact.mode == mode
    assert np.abs(quick.values.astype(int) - exact.values).max() <= 2
    assert not file.warned
    grey = np.asarray(Image.fromarray(exact.values).convert("L"))
    assert np.abs(file.decode(None, grey=True).values.astype(int) - grey).mean() < 1


def test_what_libjpeg_warns_of_is_left_to_pillow() -> None:
    data = bytearray(encoded(photo("coffee")))
    at = data.rindex(b"\xff\xda") + 3_000
    data[at : at + 2] = b"\xff\xd3"  # a restart marker where none belongs
    file = open_image(bytes(data), "jpeg")
    pixels = file.decode(None)
    assert file.warned
    assert pixels.values.shape == (400, 600, 3)


def test_cmyk_goes_to_pillow() -> None:
    file = open_image(encoded(photo("coffee").convert("CMYK")), "jpeg")
    assert isinstance(file, PillowFile)
    assert file.decode(None).mode == "CMYK"


@pytest.mark.parametrize("image_format", ["PNG", "WEBP", "AVIF", "TIFF", "GIF"])
def test_other_formats_are_reduced_at_once(image_format: str) -> None:
    file = open_image(encoded(photo("coffee"), image_format), image_format.lower())  # type: ignore[arg-type]  # a format
    pixels = file.decode((150, 100))
    assert pixels.values.shape == (100, 150, 3)
    assert np.abs(pixels.values.astype(int) - np.asarray(photo("coffee").reduce(4))).mean() < 12


def test_animation_is_of_time_not_of_pages() -> None:
    frames = {"save_all": True, "append_images": [picture(2)]}
    for name, animated in (("GIF", True), ("WEBP", True), ("AVIF", True), ("PNG", True), ("TIFF", False)):
        data = encoded(picture(1), name, **frames)
        assert open_image(data, name.lower()).animated is animated, name  # type: ignore[arg-type]  # names of formats
    assert open_image(encoded(picture(1), "MPO", **frames), "jpeg").animated is False
    assert open_image(encoded(picture(1), "GIF"), "gif").animated is False


def test_heic_comes_upright() -> None:
    pillow_heif.register_heif_opener()
    exif = Image.Exif()
    exif[0x0112] = 6
    file = open_image(encoded(picture(1), "HEIF", quality=80, exif=exif.tobytes()), "heic")
    pixels = file.decode(None)
    assert (file.size, file.turn) == ((120, 160), 1)
    expected = np.asarray(picture(1).transpose(Image.Transpose.ROTATE_270))
    assert np.abs(pixels.values.astype(int) - expected).mean() < 12


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from /proc")
def test_a_large_webp_takes_little_memory() -> None:
    """In a process of its own. Pillow would take 16 bytes per pixel, OpenCV takes 3 or 4 of the WebP decoder's own."""
    side = 5_100
    assert side * side > LARGE_PIXELS
    program = (
        "import io, pathlib\n"
        "from PIL import Image\n"
        "from builder.decode import open_image\n"
        "def peak(): return int(pathlib.Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])\n"
        "import sys; data = sys.stdin.buffer.read()\n"
        "before = peak()\n"
        "values = open_image(data, 'webp').decode((192, 192)).values\n"
        "print(peak() - before, *values.shape[:2], *values[0, 0])\n"
    )
    data = encoded(Image.new("RGB", (side, side), (200, 100, 50)), "WEBP", lossless=True, method=0)
    done = subprocess.run([sys.executable, "-c", program], input=data, capture_output=True, check=True)
    grown, height, width, *pixel = (int(word) for word in done.stdout.split())
    assert (height, width) == (5_100 // 8, 5_100 // 8)
    assert pixel == [200, 100, 50]
    assert grown * 1_024 < side * side * 6
