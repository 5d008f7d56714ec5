"""`builder.resize`: sizes, and how close the quick way comes to the exact one."""

import math
import statistics

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from builder.decode import open_image
from builder.pixels import at_size
from builder.resize import Values, framed, room, scaled, scaled_size, scaled_with_alpha, small_size
from builder.spec import ImageSpec, Resize
from tests.builder.photos import PHOTOS, encoded, photo

SIDES = st.integers(1, 9_000)
RESIZES: tuple[Resize, ...] = ("fit", "pad", "crop")


def psnr(a: Values, b: Values) -> float:
    """Peak signal-to-noise ratio in dB; 99 for equal pixels."""
    error = float(np.mean((a.astype(float) - b) ** 2))
    return 10 * math.log10(255**2 / error) if error else 99.0


@pytest.mark.parametrize("side", [320, 256, 160, 96])
def test_the_quality_floor(side: int) -> None:
    """Median of at least 45 dB against full decode and area resize: of photographs as they come, and larger ones that
    libjpeg scales."""
    found = []
    for name in PHOTOS:
        for factor in (1, 3):
            larger = photo(name).resize((photo(name).width * factor, photo(name).height * factor))
            file = open_image(encoded(larger, quality=92), "jpeg")
            target = scaled_size(file.size, ImageSpec(format="png", size=side), 65_500)
            exact = np.asarray(cv2.resize(file.decode(None).values, target, interpolation=cv2.INTER_AREA), np.uint8)
            found.append(psnr(scaled(file.decode(room(target, file.size)).values, target), exact))
    assert statistics.median(found) >= 45
    assert min(found) >= 36


def test_libjpeg_scales_what_is_large_enough() -> None:
    file = open_image(encoded(photo("coffee").resize((2_400, 1_600))), "jpeg")
    assert file.decode(room((256, 171), file.size)).values.shape == (800, 1_200, 3)
    assert file.decode(room((100, 67), file.size)).values.shape == (400, 600, 3)
    assert file.decode(small_size(file.size), grey=True).values.shape == (200, 300)


@given(width=SIDES, height=SIDES, side=st.integers(16, 2_000), resize=st.sampled_from(RESIZES), bigger=st.booleans())
def test_sizes(width: int, height: int, side: int, resize: Resize, bigger: bool) -> None:
    spec = ImageSpec(format="png", size=side, resize=resize, only_if_bigger=bigger)
    found = scaled_size((width, height), spec, 2**31)
    deciding = min if resize == "crop" else max
    if bigger and deciding(width, height) <= side:
        assert found == (width, height)
    else:
        assert deciding(found) == side
        assert max(abs(found[0] * height - found[1] * width) - max(width, height), 0) <= max(width, height)


@given(width=st.integers(1, 400), height=st.integers(1, 400), size=st.integers(16, 200), bigger=st.booleans())
def test_frames(width: int, height: int, size: int, bigger: bool) -> None:
    values = np.zeros((height, width, 3), np.uint8)
    for resize in RESIZES:
        spec = ImageSpec(format="png", size=size, resize=resize, only_if_bigger=bigger)
        target = scaled_size((width, height), spec, 2**31)
        picture = framed(np.zeros((target[1], target[0], 3), np.uint8), spec)
        if resize == "pad":
            assert picture.shape == (size, size, 3)
            assert np.count_nonzero(picture[:, :, 0] == 0) == target[0] * target[1]
        elif resize == "crop":
            side = size if not bigger else min(size, width, height)
            assert picture.shape == (side, side, 3)
        else:
            assert picture.shape[:2] == (target[1], target[0])
    assert framed(values, ImageSpec()) is values


def test_padding_is_white_and_even_and_a_crop_is_the_middle() -> None:
    values = np.zeros((50, 100), np.uint8)
    values[:, 45:55] = 200
    padded = framed(values, ImageSpec(format="png", size=100, resize="pad"))
    assert padded.shape == (100, 100)
    assert (padded[:25] == 255).all()
    assert (padded[75:] == 255).all()
    assert (padded[25:75] == values).all()
    cropped = framed(values, ImageSpec(format="png", size=50, resize="crop"))
    assert (cropped == values[:, 25:75]).all()


@given(width=SIDES, height=SIDES)
def test_the_small_size_is_never_larger_and_large_enough(width: int, height: int) -> None:
    small = small_size((width, height))
    assert small == (width, height) or (max(small) >= 192 and min(small) >= 128)
    assert small[0] <= width
    assert small[1] <= height


def test_scaling_up_is_smooth() -> None:
    values = np.asarray(photo("chelsea"))
    assert scaled(values, (902, 600)).shape == (600, 902, 3)
    back = scaled(scaled(values, (902, 600)), (451, 300))
    assert psnr(back, values) > 35


def test_what_is_transparent_does_not_bleed() -> None:
    image = Image.new("RGBA", (300, 300), (0, 255, 0, 0))
    image.paste((255, 0, 0, 255), (0, 0, 150, 300))
    small = at_size(np.asarray(image), "RGBA", (75, 75))
    assert np.array_equal(small, scaled_with_alpha(np.asarray(image), (75, 75)))
    assert small[..., 1][small[..., 3] > 128].max() < 10
    assert at_size(np.asarray(image), "RGBA", (300, 300)).shape == (300, 300, 4)
