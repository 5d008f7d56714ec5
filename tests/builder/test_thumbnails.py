import io
import subprocess
import sys

import pytest
from PIL import Image

from builder.thumbnails import thumbnail


def picture(size: tuple[int, int], kind: str, mode: str = "RGB", **options: object) -> bytes:
    """Left half red, right half blue."""
    image = Image.new("RGB", size, "red")
    image.paste("blue", (size[0] // 2, 0, size[0], size[1]))
    buffer = io.BytesIO()
    image.convert(mode).save(buffer, kind, **options)
    return buffer.getvalue()


def shown(data: bytes, size: int) -> Image.Image:
    image = Image.open(io.BytesIO(thumbnail(data, size)))
    assert image.format == "JPEG"
    return image.convert("RGB")


@pytest.mark.parametrize(
    ("kind", "mode"), [("JPEG", "RGB"), ("JPEG", "CMYK"), ("PNG", "RGBA"), ("GIF", "P"), ("WEBP", "RGB")]
)
def test_every_format_becomes_a_small_jpeg(kind: str, mode: str) -> None:
    image = shown(picture((1000, 500), kind, mode), 100)
    assert image.size == (100, 50)
    left, right = image.getpixel((20, 25)), image.getpixel((80, 25))
    assert isinstance(left, tuple)
    assert isinstance(right, tuple)
    assert left[0] > 150 > left[2]
    assert right[2] > 150 > right[0]


def test_a_thumbnail_is_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # stored lying on its left side: to be turned clockwise
    image = shown(picture((400, 200), "JPEG", exif=exif), 100)
    top, bottom = image.getpixel((25, 20)), image.getpixel((25, 80))
    assert image.size == (50, 100)
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert top[0] > 150
    assert bottom[2] > 150


def test_small_images_are_not_blown_up() -> None:
    assert shown(picture((40, 20), "PNG"), 256).size == (40, 20)


def test_it_opens_the_largest_image_that_a_dataset_may_hold() -> None:
    """In a process of its own: what else has been imported must not matter."""
    program = (
        "import builder.thumbnails\n"
        "from PIL import Image\n"
        "from builder.spec import ImageSpec\n"
        "(most,) = [one.le for one in ImageSpec.model_fields['max_pixels'].metadata if hasattr(one, 'le')]\n"
        "Image._decompression_bomb_check((most // 10_000, 10_000))\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True)
