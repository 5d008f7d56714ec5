"""The take-down list: how it is read, what it covers, what it costs."""

import hashlib
import pickle
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from builder.errors import TakeDownListError
from builder.links import parse_link
from builder.takedown import TakeDownList

DIGEST = hashlib.sha256(b"picture").hexdigest()


def of(*lines: str) -> TakeDownList:
    return TakeDownList.parse(lines)


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text(
        f"\ufeff# asked for in 2026\n\nhost:Example.org\nSHA256:{DIGEST.upper()}\nhttps://a.example/x.jpg\n"
    )
    found = TakeDownList.read(path)
    assert found == of("host:example.org", f"sha256:{DIGEST}", "http://a.example/x.jpg")
    assert (len(found.urls), len(found.hosts), len(found.hashes)) == (1, 1, 1)
    assert pickle.loads(pickle.dumps(found)) == found  # noqa: S301


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("example.org", "write a URL"),
        ("ftp://example.org/", "write a URL"),
        ("host:", "is no host"),
        ("host:example.org/path", "is no host"),
        ("host:example.org:8080", "is no host"),
        ("host:*.example.org", "is no host"),
        ("host:a b", "is no host"),
        ("host:user@example.org", "is no host"),
        ("sha256:abc", "is no SHA-256"),
        (f"sha256:{DIGEST}0", "is no SHA-256"),
    ],
)
def test_a_line_that_cannot_be_used_is_named(line: str, words: str) -> None:
    with pytest.raises(TakeDownListError, match=words) as caught:
        of("# first", line)
    assert caught.value.line == 2
    assert str(caught.value).startswith("take-down list, line 2: ")


def test_a_list_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TakeDownListError, match="cannot be read"):
        TakeDownList.read(tmp_path / "none")
    (tmp_path / "latin").write_bytes("host:b\xfccher.example".encode("latin-1"))
    with pytest.raises(TakeDownListError, match="UTF-8"):
        TakeDownList.read(tmp_path / "latin")


@pytest.mark.parametrize(
    ("entry", "url", "covered"),
    [
        ("https://a.example/x.jpg", "http://A.example:80/x.jpg#top", True),
        ("https://a.example/x.jpg", "https://a.example./x.jpg", True),
        ("https://a.example/%7Ex.jpg", "https://a.example/~x.jpg", True),
        ("https://a.example/b/../x.jpg", "https://a.example/x.jpg", True),
        ("https://a.example/x.jpg", "https://a.example/x.jpg?size=2", False),
        ("https://a.example/x.jpg", "https://a.example:8443/x.jpg", False),
        ("https://a.example/x.jpg", "https://b.a.example/x.jpg", False),
        ("https://a.example/x.jpg", "https://a.example/X.jpg", False),
        ("host:a.example", "http://a.example/", True),
        ("host:a.example", "http://deep.down.A.example.:81/x", True),
        ("host:a.example", "http://bada.example/", False),
        ("host:deep.a.example", "http://a.example/", False),
        ("host:a.example.", "http://a.example/", True),
        ("host:bücher.example", "http://xn--bcher-kva.example/", True),
        ("host:xn--bcher-kva.example", "http://bücher.example/", True),
        ("host:192.0.2.7", "http://192.0.2.7/", True),
        ("host:[2001:db8::7]", "http://[2001:db8::7]:80/", True),
    ],
)
def test_what_an_entry_covers(entry: str, url: str, *, covered: bool) -> None:
    assert (of(entry).entry_for_url(URL(url)) is not None) == covered


def test_the_entry_is_told() -> None:
    listed = of("host:example.org", f"sha256:{DIGEST}", "http://a.example/x.jpg")
    assert listed.entry_for_url(URL("http://www.example.org/")) == "host:example.org"
    assert listed.entry_for_url(URL("https://a.example/x.jpg")) == "https://a.example/x.jpg"
    assert listed.entry_for_bytes(b"picture") == f"sha256:{DIGEST}"
    assert listed.entry_for_bytes(b"another") is None


@given(st.lists(st.sampled_from("ab"), max_size=3), st.text(alphabet="ab.", max_size=4))
def test_a_host_covers_what_ends_in_it_at_a_dot(labels: list[str], before: str) -> None:
    host = ".".join([*labels, "example"])
    name = before.replace("..", ".").lstrip(".") + host
    expected = name == host or name.endswith("." + host)
    assert (of(f"host:{host}").entry_for_url(URL.build(scheme="http", host=name)) is not None) == expected


@given(st.text(alphabet="ab/.?&=+'!$(),;:@~-_*%4E#", max_size=12))
def test_a_url_covers_itself_however_quickly_it_was_read(path: str) -> None:
    text = f"http://a.example/{path}"
    assert of(text).entry_for_url(parse_link(text)) is not None


def test_looking_up_takes_no_longer_in_a_long_list() -> None:
    url = URL("https://cdn.site.example/pictures/1.jpg")
    long = TakeDownList(frozenset(f"h{n}.example/{n}" for n in range(200_000)), frozenset({"x.example"}))
    short = of("https://h0.example/0", "host:x.example")

    def seconds(listed: TakeDownList) -> float:
        start = time.perf_counter()
        for _ in range(200):
            listed.entry_for_url(url)
        return time.perf_counter() - start

    assert min(seconds(long) for _ in range(5)) < 20 * min(seconds(short) for _ in range(5))
