"""`builder.perceptual`: hashes as imagehash computes them, from a small grey picture."""

import imagehash
import numpy as np
import pytest
from PIL import Image

from builder.decode import open_image
from builder.perceptual import dhash, phash, turned_phashes
from builder.pixels import small_grey
from builder.resize import Values, small_size
from tests.builder.photos import PHOTOS, decoded, encoded, photo, picture


def hot_path(data: bytes) -> Values:
    """The small grey picture as the validation of an original makes it."""
    file = open_image(data, "jpeg")
    pixels = file.decode(small_size(file.size), grey=True)
    return small_grey(pixels.values, pixels.mode)


@pytest.mark.parametrize("factor", [0.4, 1.0, 2.5])
@pytest.mark.parametrize("name", PHOTOS)
def test_hashes_are_imagehash_s_within_four_bits(name: str, factor: float) -> None:
    size = (round(photo(name).width * factor), round(photo(name).height * factor))
    data = encoded(photo(name).resize(size, Image.Resampling.LANCZOS), quality=90)
    whole, grey = decoded(data), hot_path(data)
    assert imagehash.hex_to_hash(phash(grey)) - imagehash.phash(whole) <= 4
    assert imagehash.hex_to_hash(dhash(grey)) - imagehash.dhash(whole) <= 5


@pytest.mark.parametrize("name", PHOTOS)
def test_from_all_pixels_they_are_the_same_but_for_rounding(name: str) -> None:
    grey = np.asarray(photo(name).convert("L"))
    assert imagehash.hex_to_hash(phash(grey)) - imagehash.phash(photo(name)) <= 2
    assert imagehash.hex_to_hash(dhash(grey)) - imagehash.dhash(photo(name)) <= 3


def test_turned_hashes_are_those_of_turned_pictures() -> None:
    grey = np.asarray(photo("chelsea").convert("L").resize((192, 128)))
    versions = [grey[:, ::-1], grey[::-1], grey[::-1, ::-1]]
    versions += [version.T for version in (grey, *versions)]
    found = turned_phashes(grey)
    assert [
        int(imagehash.hex_to_hash(a) - imagehash.hex_to_hash(phash(b))) for a, b in zip(found, versions, strict=True)
    ] == [0] * 7
    assert len({phash(grey), *found}) == 8


def test_a_turned_copy_is_found_in_either_direction() -> None:
    one, other = picture(1), picture(1).transpose(Image.Transpose.ROTATE_90)
    a, b = (hot_path(encoded(image, quality=90)) for image in (one, other))
    assert imagehash.hex_to_hash(phash(a)) - imagehash.hex_to_hash(phash(b)) > 12
    assert min(imagehash.hex_to_hash(turned) - imagehash.hex_to_hash(phash(b)) for turned in turned_phashes(a)) <= 4
    assert min(imagehash.hex_to_hash(turned) - imagehash.hex_to_hash(phash(a)) for turned in turned_phashes(b)) <= 4
