import pytest

from builder.engines.uploads import Uploads, unmatched
from builder.errors import SourceError
from builder.uploaded import UploadedImage

PATHS = ["Cats/1.jpg", "dogs/1.jpg", "Cats/2.jpg", "birds/1.jpg", "3.jpg", "cats/3.jpg"]
IMAGES = [UploadedImage(upload="a" * 32, path=path, shard=0, offset=0, size_bytes=1) for path in PATHS]


def test_a_label_gets_the_images_of_its_folder_page_by_page() -> None:
    engine = Uploads(lambda: IMAGES, ("cats", "Dogs"), page_size=2)
    first, second = (engine.search("cats", "cats", page) for page in (1, 2))
    assert [one.url.rpartition(f"{'a' * 32}/")[2] for one in first.candidates] == ["Cats/1.jpg", "Cats/2.jpg"]
    assert first.more
    assert [one.label for one in second.candidates] == ["cats"]
    assert not second.more
    assert {one.engine for one in engine.search("dogs", "Dogs", 1).candidates} == {"uploads"}


def test_the_only_label_gets_everything() -> None:
    assert len(Uploads(lambda: IMAGES, ("fish",)).search("fish", "fish", 1).candidates) == len(PATHS)
    assert unmatched(IMAGES, ("fish",)) is None


def test_what_matches_no_label_is_told() -> None:
    told = unmatched(IMAGES, ("cats", "dogs"))
    assert told == "2 of 6 uploaded images are in folders that are no label here: birds (1), no folder (1)"


def test_without_images_it_says_so() -> None:
    with pytest.raises(SourceError) as caught:
        Uploads(None, ("cats",)).search("cats", "cats", 1)
    assert caught.value.kind == "not_configured"
