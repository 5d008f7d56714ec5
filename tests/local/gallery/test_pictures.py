import io
from itertools import combinations

import pytest
from PIL import Image

from local.gallery.catalogue import Catalogue
from local.gallery.exhibits import Exhibit
from local.gallery.photographs import PHOTOGRAPHS, GalleryError
from local.gallery.pictures import ORIENTATION, STYLES, details, encode, perceptual_hash, pictures
from local.gallery.topics import TOPICS, Topic


@pytest.fixture(scope="module")
def hashes(catalogue: Catalogue) -> dict[Exhibit, int]:
    return {exhibit: perceptual_hash(catalogue.read(exhibit)) for exhibit in catalogue.pictures.values()}


def test_any_two_pictures_differ_in_more_than_12_bits(hashes: dict[Exhibit, int]) -> None:
    assert len(hashes) == sum(topic.pictures for topic in TOPICS.values())
    assert min((one ^ other).bit_count() for one, other in combinations(hashes.values(), 2)) > 12


def test_a_copy_is_nearer_to_its_picture_than_the_usual_radius(
    catalogue: Catalogue, hashes: dict[Exhibit, int]
) -> None:
    copies = [exhibit for exhibit in catalogue.exhibits if exhibit.kind == "copy"]
    originals = {(exhibit.topic, exhibit.number): phash for exhibit, phash in hashes.items()}
    for copy in copies:
        distance = (perceptual_hash(catalogue.read(copy)) ^ originals[copy.topic, copy.number]).bit_count()
        assert distance <= 8, copy.target


def test_every_picture_decodes_to_the_size_that_the_search_tells(catalogue: Catalogue) -> None:
    for exhibit in catalogue.pictures.values():
        with Image.open(io.BytesIO(catalogue.read(exhibit))) as image:
            image.load()
            turned = image.getexif().get(ORIENTATION) == 6
            assert (image.size[::-1] if turned else image.size) == (exhibit.width, exhibit.height)
            assert Image.MIME[image.format or ""] == exhibit.content_type


def test_the_web_s_formats_are_all_there(catalogue: Catalogue) -> None:
    seen = set()
    for exhibit in catalogue.pictures.values():
        with Image.open(io.BytesIO(catalogue.read(exhibit))) as image:
            turned = "turned" if image.getexif().get(ORIENTATION) == 6 else ""
            seen.add((image.format, image.mode, turned))
    jpegs = {("JPEG", "RGB", ""), ("JPEG", "RGB", "turned"), ("JPEG", "L", ""), ("JPEG", "CMYK", "")}
    assert seen == jpegs | {("PNG", "RGB", ""), ("WEBP", "RGB", ""), ("GIF", "P", "")}


@pytest.mark.parametrize("style", sorted(set(STYLES)))
def test_every_style_shows_the_same_picture(style: str) -> None:
    image = Image.open(PHOTOGRAPHS["chelsea"].path).convert("RGB")
    plain, styled = perceptual_hash(encode(image, "png")), perceptual_hash(encode(image, style))
    assert (plain ^ styled).bit_count() <= 8


def test_details_cover_the_photograph_and_leave_flat_paper_out() -> None:
    flower, *tiles = details(PHOTOGRAPHS["allium-oreophilum"], (256, 208))
    assert flower.size == (807, 1024)
    assert {tile.size for tile in tiles} == {(256, 208)}
    assert 0 < len(tiles) < 4 * 6  # four columns, six rows, and margins without anything on them


def test_a_table_that_promises_too_much_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    greedy = Topic("cat", frozenset({"cat"}), ("chelsea",), 50, (256, 208))
    monkeypatch.setattr("local.gallery.pictures.TOPICS", {"cat": greedy})
    with pytest.raises(GalleryError, match="of 50 pictures of cat are distinct"):
        list(pictures())
