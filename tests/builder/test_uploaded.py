import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.links import url_key
from builder.uploaded import UploadedImage, find, label_of, path_of, upload_of

ID = "0a" * 16
NAMES = st.text("aäB #?%&+/日.", min_size=1, max_size=12)


def image(path: str) -> UploadedImage:
    return UploadedImage(upload=ID, path=path, shard=0, offset=0, size_bytes=1)


@given(NAMES, NAMES)
def test_a_url_names_one_image(one: str, other: str) -> None:
    url = image(one).url
    assert (upload_of(url), path_of(url)) == (ID, one)
    assert url.isascii()
    assert [found.path for found in find([image(one), image(one + "x")], [url])] == [one]
    if not one.startswith("/") and one != other:
        assert url_key(url) != url_key(image(other).url)


def test_urls_of_the_web_are_of_no_upload() -> None:
    assert upload_of("https://example.org/1.jpg") is None


@pytest.mark.parametrize(("path", "slug"), [
    ("cat/1.jpg", "cat"),
    ("train/Red Panda/1.jpg", "red-panda"),
    ("red_panda/more/1.jpg", "red-panda"),
    ("cat/red panda/1.jpg", "red-panda"),
    ("dog/1.jpg", None),
    ("cat.jpg", None),
])  # fmt: skip
def test_the_nearest_folder_that_is_a_label_counts(path: str, slug: str | None) -> None:
    assert label_of(path, {"cat", "red-panda"}) == slug
    assert label_of(path, {"cat"}) == "cat"
