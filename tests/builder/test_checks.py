"""`builder.checks`: photographs pass; what is blurred, black, white, empty or a placeholder is told by name."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont

from builder.checks import STANDARD, STRICT, Failed, failed_check, limits
from builder.pixels import small_grey
from builder.spec import ImageSpec, Thresholds
from builder.validate import Rejected, validate
from tests.builder.photos import PHOTOS, decoded, encoded, photo


def checked(image: Image.Image, quality: int = 85) -> Failed | None:
    """What the checks say of the picture as a JPEG."""
    values = np.asarray(decoded(encoded(image, quality=quality)).convert("RGB"))
    return failed_check(small_grey(values, "RGB"), STANDARD)


def reason(image: Image.Image, quality: int = 85) -> str | None:
    failed = checked(image, quality)
    return failed.reason if failed else None


def at_500(name: str) -> Image.Image:
    """The photograph with 500 pixels on its longest side."""
    image = photo(name)
    factor = 500 / max(image.size)
    return image.resize((round(image.width * factor), round(image.height * factor)), Image.Resampling.LANCZOS)


@pytest.mark.parametrize("name", PHOTOS)
def test_photographs_pass_and_spoiled_ones_do_not(name: str) -> None:
    image = at_500(name)
    assert reason(photo(name)) is None
    assert reason(image) is None
    assert reason(image, quality=30) is None
    assert reason(image.filter(ImageFilter.GaussianBlur(6))) == "blurry"
    assert reason(image.filter(ImageFilter.GaussianBlur(6)), quality=30) == "blurry"
    assert reason(ImageEnhance.Brightness(image).enhance(0.1)) == "too_dark"
    assert reason(Image.blend(image, Image.new("RGB", image.size, "white"), 0.9)) == "too_bright"


@pytest.mark.parametrize("name", PHOTOS)
def test_a_sharp_subject_or_fog_is_not_blur(name: str) -> None:
    image = at_500(name)
    out_of_focus = image.filter(ImageFilter.GaussianBlur(8))
    box = (image.width // 4, image.height // 4, 3 * image.width // 4, 3 * image.height // 4)
    out_of_focus.paste(image.crop(box), box[:2])
    assert reason(out_of_focus) is None
    assert reason(Image.blend(image, Image.new("RGB", image.size, "#cccccc"), 0.6)) is None


@pytest.mark.parametrize("colour", ["black", "white", "#7f7f7f", "red", "#fdf6e3"])
def test_one_colour_is_uniform(colour: str) -> None:
    assert reason(Image.new("RGB", (400, 300), colour)) == "uniform"


@settings(max_examples=25, deadline=None)
@given(
    low=st.integers(0, 120),
    high=st.integers(160, 255),
    across=st.floats(-1, 1),
    size=st.sampled_from([(500, 375), (200, 200), (900, 300)]),
)
def test_gradients_carry_no_information(low: int, high: int, across: float, size: tuple[int, int]) -> None:
    x, y = np.meshgrid(np.linspace(0, 1, size[0]), np.linspace(0, 1, size[1]))
    ramp = x * across + y * (1 - abs(across))
    ramp = (ramp - ramp.min()) / (ramp.max() - ramp.min())
    image = Image.fromarray((low + ramp * (high - low)).astype(np.uint8)).convert("RGB")
    assert reason(image) == "low_information"


@pytest.mark.parametrize("size", [(500, 375), (200, 200), (1_200, 900)])
@pytest.mark.parametrize(("ground", "ink"), [("white", "black"), ("#eeeeee", "#888888"), ("#333333", "white")])
@pytest.mark.parametrize("text", ["Image not\navailable", "404", "This photo is\nno longer available"])
def test_a_placeholder_is_uniform(text: str, ground: str, ink: str, size: tuple[int, int]) -> None:
    image = Image.new("RGB", size, ground)
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(size[0] / 12)
    draw.text((size[0] / 2, size[1] * 0.6), text, fill=ink, font=font, anchor="mm", align="center")
    draw.rectangle((size[0] * 0.4, size[1] * 0.1, size[0] * 0.6, size[1] * 0.3), outline=ink, width=3)
    assert reason(image, quality=90) == "uniform"


@pytest.mark.parametrize("share", [0.06, 0.2])
@pytest.mark.parametrize("ground", ["white", "black"])
@pytest.mark.parametrize("name", PHOTOS)
def test_an_object_on_a_plain_ground_is_no_placeholder(name: str, ground: str, share: float) -> None:
    side = round(500 * (share * 4 / np.pi) ** 0.5)
    mask = Image.new("L", (side * 4, side * 4))
    ImageDraw.Draw(mask).ellipse((0, 0, side * 4, side * 4), fill=255)
    image = Image.new("RGB", (500, 500), ground)
    thing = photo(name).crop((0, 0, 300, 300)).resize((side, side), Image.Resampling.LANCZOS)
    image.paste(thing, (250 - side // 2, 250 - side // 2), mask.resize((side, side)))
    assert reason(image) in {None, "too_dark"}  # of a dark thing on black nothing can be seen
    assert ground == "black" or reason(image) is None


def test_a_rejection_tells_check_value_and_threshold() -> None:
    blurred = encoded(at_500("coffee").filter(ImageFilter.GaussianBlur(8)))
    found = validate(blurred, ImageSpec())
    assert isinstance(found, Rejected)
    assert found.reason == "blurry"
    assert found.measured is not None
    assert 0 < found.measured < STANDARD.min_sharpness
    assert found.detail == f"sharpness {found.measured:.4f}, at least 0.06"
    dark = validate(encoded(ImageEnhance.Brightness(at_500("coffee")).enhance(0.1)), ImageSpec())
    assert isinstance(dark, Rejected)
    assert dark.detail == f"99 % of the pixels at or below level {dark.measured:g}, at least 40"


def test_tiers_and_thresholds() -> None:
    soft = encoded(at_500("coffee").filter(ImageFilter.GaussianBlur(6)))
    assert isinstance(validate(soft, ImageSpec(tier="standard")), Rejected)
    assert not isinstance(validate(soft, ImageSpec(tier="fast")), Rejected)
    assert not isinstance(validate(soft, ImageSpec(checks=Thresholds(min_sharpness=0))), Rejected)
    own = Thresholds(min_sharpness=0.5)
    assert limits("standard", own).min_sharpness == limits("strict", own).min_sharpness == 0.5
    assert limits("strict", own).min_detail == STRICT.min_detail
    assert ImageSpec.model_validate_json(ImageSpec(checks=own).model_dump_json()).checks == own


def test_strict_is_stricter_and_the_descriptions_tell_the_numbers() -> None:
    for name, field in Thresholds.model_fields.items():
        standard, strict = getattr(STANDARD, name), getattr(STRICT, name)
        assert strict > standard if name.startswith("min") else strict < standard
        assert (field.description or "").endswith(f"null: {standard:g}, strict {strict:g}")
