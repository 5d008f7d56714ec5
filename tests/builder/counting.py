"""A web server in a thread that counts what it is asked for, for tests that fetch from other processes."""

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from local import processes


@dataclass
class CountingSite:
    """`port` and `requests` by path. While `gate` is clear, requests beyond the first `free` wait for it; if some paths
    are `held`, requests for these."""

    port: int = 0
    requests: Counter[str] = field(default_factory=Counter)
    gate: threading.Event = field(default_factory=threading.Event)
    free: int = 0
    held: set[str] = field(default_factory=set)
    served: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def url(self, path: str) -> str:
        """The whole address of a path."""
        return f"http://127.0.0.1:{self.port}{path}"

    @property
    def exception(self) -> str:
        """What to tell the address guard."""
        return f"127.0.0.1:{self.port}"


@contextmanager
def counting_site(pages: Mapping[str, bytes]) -> Iterator[CountingSite]:
    """Serve these bodies by path; 404 for any other."""
    site = CountingSite()
    site.gate.set()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            with site.lock:
                site.requests[self.path] += 1
                site.served += self.path in pages
                waits = self.path in site.held if site.held else site.served > site.free
            if waits:
                site.gate.wait(20)
            body = pages.get(self.path, b"there is no such thing")
            self.send_response(200 if self.path in pages else 404)
            self.send_header("Content-Type", "image/jpeg" if self.path in pages else "text/plain")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as it is called in the base class
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    site.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield site
    finally:
        site.gate.set()
        server.shutdown()
        server.server_close()
        thread.join()


wait_until = partial(processes.wait_until, timeout=30.0, what="what the test waits for")
"""Poll until a condition holds, for at most half a minute."""
