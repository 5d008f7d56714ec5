"""A site of pictures on loopback that counts what it is asked for, and can keep its visitors waiting."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from tests.builder.photos import encoded, picture


class Site:
    """`pictures` by path are what there is; everything may be changed while it serves."""

    def __init__(self, pictures: int) -> None:
        self.pictures = {f"/{number}.jpg": encoded(picture(number), quality=90) for number in range(pictures)}
        self.asked: Counter[str] = Counter()
        self.open = threading.Event()  # while it is not set, only `free` pictures are served
        self.open.set()
        self.free = pictures
        self.lock = threading.Lock()
        self.port = 0

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def urls(self) -> list[str]:
        return [f"http://{self.address}{path}" for path in self.pictures]

    def answer(self, target: str) -> tuple[int, str, bytes]:
        path = urlsplit(target).path
        if path == "/search":
            results = [{"url": url, "page_url": url + ".html", "licence": "CC0-1.0"} for url in self.urls()]
            return 200, "application/json", json.dumps({"results": results, "next": None}).encode()
        with self.lock:
            self.asked[path] += 1
            waits = path in self.pictures and sum(self.asked[name] for name in self.pictures) > self.free
        if waits:
            self.open.wait()
        body = self.pictures.get(path)
        return (404, "text/plain", b"gone") if body is None else (200, "image/jpeg", body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Visitors may go as they like; a real fault is seen in what they did not get."""


@contextmanager
def serving(site: Site) -> Iterator[Site]:
    """The site on a free port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, kind, body = site.answer(self.path)
            try:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except ConnectionError:
                self.close_connection = True

        def log_message(self, *_: Any) -> None:
            """Nobody reads it."""

    server = _Server(("127.0.0.1", 0), Handler)
    site.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield site
    finally:
        site.open.set()
        server.shutdown()
        server.server_close()
        thread.join()
