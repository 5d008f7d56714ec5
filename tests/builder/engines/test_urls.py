"""Candidates from lists."""

from collections.abc import Iterator

import pytest

from builder.engines.urls import UrlList
from builder.errors import SourceError
from builder.urls import UrlRow, parse_url_list

LIST = b"""url,label,title,licence,page
http://a.example/1.png,Red Panda,one,CC0,http://a.example/
http://a.example/2.png,snow leopard,,,
http://a.example/3.png,,three,,
http://a.example/4.png,red-panda,,,
"""


class Upload:
    """A list that counts how often it is opened and how many rows are read."""

    def __init__(self, data: bytes, kind: str = "csv") -> None:
        self.data = data
        self.opened = 0
        self.read = 0

    def __call__(self) -> Iterator[UrlRow]:
        self.opened += 1
        for row in parse_url_list([self.data], kind="csv"):
            self.read += 1
            yield row


def test_a_label_gets_its_own_urls_then_those_of_the_list() -> None:
    engine = UrlList({"red panda": ("http://own.example/ä b.png",)}, Upload(LIST))
    page = engine.search("ignored", "red panda", 1)
    assert [candidate.url for candidate in page.candidates] == [
        "http://own.example/%C3%A4%20b.png",
        "http://a.example/1.png",
        "http://a.example/3.png",
        "http://a.example/4.png",
    ]
    assert not page.more
    first = page.candidates[1]
    assert (first.label, first.engine, first.title, first.licence) == ("red panda", "urls", "one", "CC0")
    assert first.page_url == "http://a.example/"
    assert [candidate.url[-5:] for candidate in engine.search("", "snow leopard", 1).candidates] == ["2.png", "3.png"]
    assert [candidate.url[-5:] for candidate in engine.search("", "other", 1).candidates] == ["3.png"]


def test_pages_in_order_read_the_list_once() -> None:
    upload = Upload(b"url\n" + b"".join(b"http://a.example/%d\n" % number for number in range(25)))
    engine = UrlList({}, upload, page_size=10)
    pages = [engine.search("", "x", number) for number in (1, 2, 3)]
    assert [(len(page.candidates), page.more) for page in pages] == [(10, True), (10, True), (5, False)]
    assert (upload.opened, upload.read) == (1, 25)
    assert len({candidate.url for page in pages for candidate in page.candidates}) == 25


def test_any_page_can_be_asked_for_at_any_time() -> None:
    upload = Upload(b"url\n" + b"".join(b"http://a.example/%d\n" % number for number in range(25)))
    engine = UrlList({}, upload, page_size=10)
    third = engine.search("", "x", 3)
    assert [candidate.url for candidate in third.candidates] == [
        f"http://a.example/{number}" for number in range(20, 25)
    ]
    assert engine.search("", "x", 3) == third
    assert engine.search("", "y", 1).candidates[0].label == "y"
    beyond = engine.search("", "x", 9)
    assert (beyond.candidates, beyond.more) == ((), False)


def test_a_broken_list_is_an_error_of_the_source() -> None:
    engine = UrlList({}, Upload(b"url\nhttp://a.example/\nftp://a.example/\n"))
    for _ in range(2):
        with pytest.raises(SourceError, match="line 3: only http") as caught:
            engine.search("", "x", 1)
        assert (caught.value.source, caught.value.kind) == ("urls", "refused")


def test_no_list_at_all() -> None:
    with pytest.raises(SourceError) as caught:
        UrlList({}).search("", "x", 1)
    assert caught.value.kind == "not_configured"
