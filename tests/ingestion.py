"""A stand-in for what takes telemetry in: Azure Monitor's ingestion, and a collector's."""

import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "00000000-0000-0000-0000-000000000001"


class Ingestion:
    """What came, in order: path and body. Appended to by the server's threads."""

    def __init__(self, url: str, received: list[tuple[str, bytes]]) -> None:
        self.url = url
        self.received = received

    @property
    def connection_string(self) -> str:
        """Points Azure Monitor's exporters here."""
        return f"InstrumentationKey={KEY};IngestionEndpoint={self.url}/"

    def envelopes(self) -> list[dict[str, Any]]:
        """All of Azure Monitor's envelopes so far."""
        return [one for path, body in list(self.received) if path == "/v2.1/track" for one in json.loads(body)]


class _Handler(BaseHTTPRequestHandler):
    received: list[tuple[str, bytes]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        self.received.append((self.path, body))
        count = len(json.loads(body)) if self.path.endswith("/track") else 0
        answer = json.dumps({"itemsReceived": count, "itemsAccepted": count, "errors": []}).encode() if count else b""
        self.send_response(200)
        self.send_header("content-type", "application/json" if count else "application/x-protobuf")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def listening() -> Iterator[Ingestion]:
    """Take in on a free port of the loopback interface."""
    received: list[tuple[str, bytes]] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Own", (_Handler,), {"received": received}))
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield Ingestion(f"http://127.0.0.1:{server.server_port}", received)
    finally:
        server.shutdown()
        server.server_close()
