"""URLs as text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder import links
from builder.links import clean_link, parse_link, url_key


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("http://a.example/x.png", "http://a.example/x.png"),
        ("  HTTPS://a.example/x.png\n", "https://a.example/x.png"),
        ("http://a.example/x.png#part", "http://a.example/x.png"),
        ("http://a.example/a%2Cb%2fc?sig=%2B%3d&x=a+b", "http://a.example/a%2Cb%2fc?sig=%2B%3d&x=a+b"),
        ("http://a.example/ä b.png?q=ü", "http://a.example/%C3%A4%20b.png?q=%C3%BC"),
        ("http://a.example/100%.png", "http://a.example/100%25.png"),
        ("http://bücher.example/x", "http://xn--bcher-kva.example/x"),
        ("http://[2606:4700::1]:8080/x", "http://[2606:4700::1]:8080/x"),
    ],
)
def test_what_is_well_formed_stays_and_the_rest_is_quoted(text: str, link: str) -> None:
    assert clean_link(text) == link


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "ftp://a.example/",
        "javascript:alert(1)",
        "//a.example/x",
        "http://",
        "http://u:p@a.example/",
        "http://a.example\\@b.example/",
        "http://a\tb.example/",
        "http://a.example/\x00",
        "http://a.example/\ud83d",
        "http://a.example:70000/",
        "http://[::1",
        "http://a.example/" + "ä" * 400,
    ],
)
def test_what_must_not_be_asked_for(text: str) -> None:
    assert clean_link(text) is None
    with pytest.raises(ValueError, match=r"\w+"):
        parse_link(text)


def test_only_text_is_a_link() -> None:
    assert clean_link(None) is None
    assert clean_link(7) is None


@given(st.text(max_size=60).map(lambda tail: "http://a.example/" + tail))
def test_quoting_is_stable(text: str) -> None:
    once = clean_link(text)
    if once is not None:
        assert once.isascii()
        assert clean_link(once) == once


def test_spellings_of_one_url_have_one_key() -> None:
    keys = {
        url_key(url)
        for url in (
            "http://a.example/x?y=1",
            "HTTP://A.Example:80/x?y=1",
            "http://a.example/x?y=1#top",
            " http://a.example/x?y=1",
        )
    }
    assert len(keys) == 1
    assert url_key("http://a.example") == url_key("http://a.example/")


def test_different_urls_have_different_keys() -> None:
    urls = ["http://a.example/x", "http://a.example/X", "https://a.example/x", "http://a.example:8080/x"]
    urls += [
        "http://a.example/x?y=1",
        "http://a.example/x/",
        "http://[::1]/x",
        "http://b.example/x",
        "http://[bad",
        "nothing",
    ]
    assert len({url_key(url) for url in urls}) == len(urls)


@given(st.from_regex(links._PLAIN, fullmatch=True))
def test_a_plain_url_is_what_parsing_gives_back(text: str) -> None:
    assert len(text) > links.MAX_URL_CHARACTERS or str(parse_link(text)) == text
    assert url_key(text) == text


@pytest.mark.parametrize(("text", "plain"), [
    ("http://a.example/1.jpg", True), ("https://cdn-1.a.example/x%20y.jpg?w=1&h=2", True),
    ("http://a.example", False), ("http://a.example:80/", False), ("http://me:pw@a.example/", False),
    ("http://xn--bcher-kva.example/", False), ("http://127.0.0.1:8080/", True), ("http://127.1/", False),
    ("http://a.example:8080/", True), ("http://a.example:443/", False), ("http://a.example:99999/", False),
    ("http://256.0.0.1/", False), ("ftp://a.example/", False),
    ("http://a.example/ b", False), ("http://a.example/#x", False), ("http://a.example/\n", False),
    ("http://a.example/" + "x" * 2_000, False),
])  # fmt: skip
def test_only_urls_without_any_peculiarity_are_plain(text: str, plain: bool) -> None:
    assert links.is_plain(text) == plain
