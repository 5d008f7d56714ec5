import io

import pytest
from PIL import Image
from PIL.ExifTags import IFD, Base

from builder.analyze import analyze
from builder.spec import ImageSpec, Tier
from builder.validate import Accepted, validate
from tests.builder.photos import PHOTOS, encoded, photo, picture

MADE = {
    "dark": encoded(Image.eval(picture(1), lambda level: level // 12)),
    "bright": encoded(Image.eval(picture(1), lambda level: 235 + level // 13)),
    "flat": encoded(Image.new("RGB", (200, 200), (90, 120, 30)), quality=100, subsampling=0, comment=b"x" * 2_000),
    "tiny": encoded(picture(2, (40, 30)), comment=b"x" * 2_000),
    "long": encoded(picture(3, (900, 100))),
    "long and dark": encoded(Image.eval(picture(3, (900, 100)), lambda level: level // 12)),
    "cut off": encoded(picture(4))[:-2_000],
    "small and cut off": encoded(picture(4, (60, 60)))[:-700],
    "few bytes": encoded(Image.new("L", (100, 100), 3), "PNG"),
    "html": b"<html><body>no picture</body></html>",
    "nothing": b"",
    "png": encoded(picture(5), "PNG"),
    "gif": encoded(picture(6), "GIF"),
}


@pytest.mark.parametrize("tier", ["fast", "standard", "strict"])
@pytest.mark.parametrize("name", [*MADE, *PHOTOS])
def test_the_verdict_is_that_of_validation(name: str, tier: Tier) -> None:
    data = MADE[name] if name in MADE else PHOTOS[name].read_bytes()
    spec = ImageSpec(tier=tier)
    wanted = validate(data, spec)
    found = analyze(data, spec)
    if isinstance(wanted, Accepted):
        assert (found.verdict, found.reason) == ("accepted", None)
        assert (found.phash, found.dhash) == (wanted.phash, wanted.dhash)
        assert (found.width, found.height) == (wanted.source_width, wanted.source_height)
    else:
        assert (found.verdict, found.reason) == ("rejected", wanted.reason)
    assert found.sha256 == wanted.source_sha256


def test_every_check_is_told_not_only_the_first_that_fails() -> None:
    found = analyze(MADE["long and dark"], ImageSpec())
    failed = {one.check for one in found.checks if one.passed is False}
    assert failed >= {"max_aspect_ratio", "min_bright_level"}
    assert found.reason == "extreme_aspect_ratio"
    measured = {one.check: one.measured for one in found.checks}
    assert (measured["min_side"], measured["max_aspect_ratio"]) == (100, 9)
    assert None not in {measured[name] for name in ("min_contrast", "min_detail", "min_sharpness")}


def test_exif_is_told_without_the_position() -> None:
    exif = Image.Exif()
    exif[Base.Make], exif[Base.Artist], exif[Base.Orientation] = "Acme", "Jane Doe", 6
    exif.get_ifd(IFD.GPSInfo)[2] = (48.0, 51.0, 29.0)
    out = io.BytesIO()
    photo("china").save(out, "JPEG", exif=exif)
    found = analyze(out.getvalue(), ImageSpec())
    assert found.exif is not None
    assert (found.exif.gps, found.exif.make, found.exif.orientation) == (True, "Acme", 6)
    assert (found.width, found.height) == (427, 640)  # upright
    told = found.model_dump_json()
    assert "Jane" not in told
    assert "48" not in (found.exif.model_dump_json())
