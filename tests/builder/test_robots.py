"""robots.txt: whose rules are kept, and how often one may ask. The grammar is Protego's to test."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.robots import MAX_BYTES, MAX_CRAWL_DELAY_SECONDS, Robots

SITE = "http://a.example"


@pytest.mark.parametrize(
    ("text", "path", "allowed"),
    [
        ("", "/x", True),
        ("User-agent: *\nDisallow: /x", "/x.jpg", False),
        ("User-agent: *\nDisallow: /x", "/y.jpg", True),
        ("User-agent: *\nDisallow: /\nUser-agent: PixCrawler\nAllow: /", "/x", True),
        ("User-agent: pixcrawler\nDisallow: /\n\nUser-agent: *\nAllow: /", "/x", False),
        ("User-agent: GPTBot\nDisallow: /", "/x", True),
        ("User-agent: *\nDisallow: /a\nAllow: /a/b", "/a/b/c", True),
        ("User-agent: *\nDisallow: /*.png$", "/a.png", False),
        ("User-agent: *\nDisallow: /*?raw", "/a?raw=1", False),
        ("\ufeffUser-agent: *\nDisallow: /", "/x", False),
        ("<html><p>Disallow: everything</p></html>", "/x", True),
    ],
)
def test_rules(text: str, path: str, *, allowed: bool) -> None:
    assert Robots.parse(text.encode()).allows(SITE + path) == allowed


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("User-agent: *\nCrawl-delay: 2.5", 2.5),
        ("User-agent: *\nCrawl-delay: 9\nUser-agent: PixCrawler\nCrawl-delay: 1\nDisallow: /x", 1),
        ("User-agent: *\nCrawl-delay: 86400", MAX_CRAWL_DELAY_SECONDS),
        ("User-agent: *\nCrawl-delay: -1", 0),
        ("User-agent: *\nCrawl-delay: soon", 0),
        ("User-agent: *\nDisallow:", 0),
    ],
)
def test_crawl_delay(text: str, seconds: float) -> None:
    assert Robots.parse(text.encode()).delay == seconds


def test_what_is_beyond_500_kib_is_not_read_not_even_half_a_line() -> None:
    start, line = b"User-agent: *\nDisallow: /a\n", b"\nDisallow: /private\n"
    padding = b"#" * (MAX_BYTES - len(start) - len(b"\nDisallow: /"))
    cut = Robots.parse(start + padding + line)
    assert cut.allows(SITE + "/private")
    assert cut.allows(SITE + "/x")
    assert not cut.allows(SITE + "/a")
    assert not Robots.parse(start + padding[: -len(line)] + line).allows(SITE + "/private")


@given(st.binary(max_size=300))
def test_nothing_is_too_odd_to_be_read(data: bytes) -> None:
    assert Robots.parse(data).allows(SITE + "/x") in {True, False}
