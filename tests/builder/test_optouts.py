"""Opt-outs: headers and reservations, in the words of their documents."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from builder.optouts import ROBOTS_DIRECTIVES, Reservations, opt_out


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ([], None),
        (["noai"], "noai"),
        (["NoImageAI"], "noimageai"),
        (["nofollow, noml"], "noml"),
        (["nofollow", "noindex"], "noindex"),
        (["noimageindex"], "noimageindex"),
        (["none"], "none"),
        (["all"], None),
        (["nofollow, nosnippet, noarchive"], None),
        (["pixcrawler: noai"], "noai"),
        (["PixCrawler: nofollow, noai"], "noai"),
        (["googlebot: noindex"], None),
        (["googlebot: noindex, noai"], None),
        (["googlebot: noindex, pixcrawler: noai"], "noai"),
        (["pixcrawler: nofollow, googlebot: noai"], None),
        (["googlebot: noindex", "noai"], "noai"),
        (["*: noindex"], "noindex"),
        (["max-snippet: 20, noai"], "noai"),
        (["googlebot: max-snippet: 20, noai"], None),
        (["unavailable_after: 25 Jun 2010 15:00:00 PST"], None),
        (["max-image-preview: none"], None),
        (["noaircraft"], None),
        (["unavailable_after: Friday, 25-Jun-2010 15:00:00 PST, noai"], "noai"),
        (["googlebot: unavailable_after: Friday, 25-Jun-2010 15:00:00 PST, noai"], None),
        (["noai; noimageai"], "noai"),
        (["nofollow noimageai"], "noimageai"),
        (["googlebot: nofollow noimageai"], None),
    ],
)
def test_x_robots_tag(lines: list[str], found: str | None) -> None:
    headers = CIMultiDict(("x-robots-tag", line) for line in lines)
    assert opt_out(headers) == (f"X-Robots-Tag: {found}" if found else None)


@pytest.mark.parametrize(
    ("value", "reserved"), [("1", True), (" 1 ", True), ("0", False), ("2", False), ("yes", False)]
)
def test_the_tdm_header(value: str, *, reserved: bool) -> None:
    headers = CIMultiDict({"TDM-Reservation": value, "tdm-policy": "https://a.example/policy.json"})
    assert opt_out(headers) == ("tdm-reservation: 1" if reserved else None)


@given(st.lists(st.text(max_size=40), max_size=3))
def test_any_header_can_be_read(lines: list[str]) -> None:
    told = opt_out(CIMultiDict(("X-Robots-Tag", line) for line in lines))
    assert told is None or told.removeprefix("X-Robots-Tag: ") in ROBOTS_DIRECTIVES


def reservations(*rules: tuple[str, object]) -> Reservations:
    return Reservations.parse(
        json.dumps([{"location": pattern, "tdm-reservation": value} for pattern, value in rules]).encode()
    )


EXAMPLE = reservations(("/directory-a/", 1), ("/directory-b/html/", 1), ("/directory-b/images/*.jpg", 0), ("/d*", 1))


@pytest.mark.parametrize(
    ("path", "pattern"),
    [
        ("/directory-a/x.pdf", "/directory-a/"),
        ("/directory-a", "/d*"),
        ("/directory-b/images/1.jpg", None),
        ("/directory-b/images/1.png", "/d*"),
        ("/Directory-a/x.pdf", None),
        ("/", None),
    ],
)
def test_the_first_rule_that_matches_decides(path: str, pattern: str | None) -> None:
    assert EXAMPLE.covers(path) == pattern


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("/", "/x", True),
        ("/this/path/exactly$", "/this/path/exactly", True),
        ("/this/path/exactly$", "/this/path/exactly/not", False),
        ("/this/*/then", "/this/or/that/then/more", True),
        ("/this/*/then", "/this/then", False),
        ("/*.jpg$", "/a.jpg.jpg", True),
        ("/*.jpg$", "/a.jpg?x=1", False),
        ("/a*b$", "/ab", True),
        ("/ab*b$", "/ab", False),
        ("/path/foo-%24", "/path/foo-$", True),
        ("/path/foo-%24$", "/path/foo-$", True),
        ("/a%2Fb", "/a/b", False),
        ("/%7Ejoe", "/~joe", True),
        ("/~joe", "/%7ejoe", True),
        ("/caf%c3%a9", "/caf%C3%A9", True),
        ("/café", "/caf%C3%A9", True),
        ("/a**b", "/a-b", True),
        ("", "/x", True),
    ],
)
def test_patterns(pattern: str, path: str, *, matches: bool) -> None:
    assert (reservations((pattern, 1)).covers(path) is not None) == matches


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html>",
        b"\xff",
        b"{}",
        b'{"location": "/", "tdm-reservation": 1}',
        b"[1, null, []]",
        b'[{"location": 1, "tdm-reservation": 1}, {"location": "/"}, {"tdm-reservation": 1}]',
        b'[{"location": "/", "tdm-reservation": 2}]',
        b'[{"location": "/", "tdm-reservation": true}]',
        b"[" * 100_000,
    ],
)
def test_what_does_not_follow_the_protocol_reserves_nothing(data: bytes) -> None:
    assert Reservations.parse(data).covers("/") is None


def test_a_number_in_quotes_is_understood() -> None:
    assert reservations(("/", "1")).covers("/x") == "/"


@given(st.text(alphabet="ab/*", max_size=8), st.text(alphabet="ab/", max_size=12))
def test_patterns_without_an_end_match_what_is_longer(pattern: str, path: str) -> None:
    rules = reservations((pattern, 1))
    if rules.covers(path) is not None:
        assert rules.covers(path + "a") is not None
