"""The sample gallery's search, against a server on loopback."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from builder.engines.sample import Sample
from builder.errors import SourceError
from builder.rows import Candidate


class Gallery(ThreadingHTTPServer):
    """Answers what it is told to, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.answer: Any = {"results": [], "next": None}
        self.status = 200
        super().__init__(("127.0.0.1", 0), Visit)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Visit(BaseHTTPRequestHandler):
    """One request to the gallery."""

    server: Gallery

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self.server.asked.append((parts.path, dict(parse_qsl(parts.query))))
        answer = self.server.answer
        body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def gallery() -> Iterator[Gallery]:
    with Gallery() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_results_become_candidates(gallery: Gallery) -> None:
    gallery.answer = {
        "results": [
            {
                "url": "http://127.0.0.1:9/a b.jpg#x",
                "page_url": "http://127.0.0.1:9/",
                "title": " A\n cat ",
                "licence": "CC0",
                "width": 640,
                "height": 480,
                "more": "passed over",
            },
            {"url": "http://127.0.0.1:9/2.jpg", "page_url": "javascript:alert(1)", "title": None, "width": -1},
            {"url": "ftp://127.0.0.1/3.jpg"},
        ],
        "next": 3,
    }
    page = Sample(gallery.url + "/").search("red & panda", "panda", 2)
    assert gallery.asked == [("/search", {"q": "red & panda", "page": "2"})]
    assert page.more
    assert page.candidates == (
        Candidate(
            url="http://127.0.0.1:9/a%20b.jpg",
            label="panda",
            engine="sample",
            query="red & panda",
            page_url="http://127.0.0.1:9/",
            title="A cat",
            licence="CC0",
            width=640,
            height=480,
        ),
        Candidate(url="http://127.0.0.1:9/2.jpg", label="panda", engine="sample", query="red & panda"),
    )


def test_an_empty_page_is_the_end(gallery: Gallery) -> None:
    page = Sample(gallery.url).search("x", "x", 1)
    assert (page.candidates, page.more) == ((), False)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (403, "refused"),
        (404, "refused"),
        (429, "rate_limited"),
        (202, "rate_limited"),
        (500, "unreachable"),
        (503, "unreachable"),
        (204, "changed"),
    ],
)
def test_statuses_are_told_apart(gallery: Gallery, status: int, kind: str) -> None:
    gallery.status = status
    with pytest.raises(SourceError) as caught:
        Sample(gallery.url).search("x", "x", 1)
    assert (caught.value.source, caught.value.kind) == ("sample", kind)


@pytest.mark.parametrize("answer", [b"", b"<html>", [], {"results": [{}]}, {"results": None}, {"next": 1}, b"\xff"])
def test_another_form_is_noticed(gallery: Gallery, answer: object) -> None:
    gallery.answer = answer
    with pytest.raises(SourceError) as caught:
        Sample(gallery.url).search("x", "x", 1)
    assert caught.value.kind == "changed"


def test_nobody_there() -> None:
    with Gallery() as gone:
        url = gone.url
    with pytest.raises(SourceError, match=url) as caught:
        Sample(url).search("x", "x", 1)
    assert caught.value.kind == "unreachable"


@pytest.mark.parametrize("url", [None, ""])
def test_without_an_address(url: str | None) -> None:
    with pytest.raises(SourceError) as caught:
        Sample(url).search("x", "x", 1)
    assert caught.value.kind == "not_configured"
