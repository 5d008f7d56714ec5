"""`builder.encode`: what is written is what was given."""

import numpy as np
import pytest
from PIL import Image

from builder.encode import OutputFormat, encode
from builder.pixels import Mode
from tests.builder.photos import decoded, photo

OUTPUTS: tuple[OutputFormat, ...] = ("jpeg", "png", "webp")


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_the_file_holds_the_pixels(output: OutputFormat, mode: Mode) -> None:
    values = np.asarray(photo("coffee").convert(mode))
    image = decoded(encode(values, mode, output, None))
    assert image.format == output.upper()
    assert np.abs(np.asarray(image.convert(mode)).astype(int) - values).mean() < (1 if output == "png" else 4)
    assert not image.info.keys() & {"exif", "icc_profile", "comment", "xmp"}


@pytest.mark.parametrize("output", ["jpeg", "webp"])
def test_quality_decides_about_size(output: OutputFormat) -> None:
    values = np.asarray(photo("coffee"))
    sizes = [len(encode(values, "RGB", output, quality)) for quality in (30, 80, None, 98)]
    assert sizes == sorted(set(sizes))
    part = values[10:210, 20:320]
    assert encode(part, "RGB", output, 80) == encode(part.copy(), "RGB", output, 80)


def test_colour_keeps_its_resolution_where_asked() -> None:
    values = np.asarray(Image.effect_noise((64, 64), 90).convert("RGB")).copy()
    values[::2, :, 0] = 255
    half, full = (
        np.asarray(decoded(encode(values, "RGB", "jpeg", 95, full_colour=full_colour))) for full_colour in (False, True)
    )
    assert np.abs(full.astype(int) - values).mean() < np.abs(half.astype(int) - values).mean() / 2
