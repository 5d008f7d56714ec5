"""An API that answers as a test tells it to, over a real socket: for exit codes and rendering, not for the app."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ID = "0123456789abcdef0123456789abcdef"
Json = dict[str, object]


@dataclass
class FakeApi:
    """`answers` maps "METHOD path" to what comes one after the other; the last one stays. `asked` is what came in.

    `credentials` are the Authorization headers, in the same order.
    """

    answers: dict[str, list[tuple[int, bytes]]] = field(default_factory=dict)
    asked: list[tuple[str, bytes]] = field(default_factory=list)
    credentials: list[str | None] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answer(self, request: str, *bodies: Json | bytes, status: int = 200) -> None:
        encoded = [body if isinstance(body, bytes) else json.dumps(body).encode() for body in bodies]
        self.answers.setdefault(request, []).extend((status, body) for body in encoded)

    def take(self, request: str, body: bytes) -> tuple[int, bytes]:
        self.asked.append((request, body))
        left = self.answers.get(request, [(404, b'{"title": "Not found"}')])
        return left.pop(0) if len(left) > 1 else left[0]


@contextmanager
def serving() -> Iterator[FakeApi]:
    api = FakeApi()

    class Handler(BaseHTTPRequestHandler):
        def reply(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            api.credentials.append(self.headers.get("Authorization"))
            status, answer = api.take(f"{self.command} {self.path}", body)
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST = reply  # noqa: N815 - the names that BaseHTTPRequestHandler looks for

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        api.port = server.server_port
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield api
        server.shutdown()


def dataset(state: str, *labels: Json, sources: tuple[Json, ...] = (), error: str | None = None) -> Json:
    """What the API says of a dataset."""
    progress = {"labels": labels, "sources": sources}
    common = {"id": ID, "name": "pandas", "state": state, "stage": "collecting" if state == "building" else None}
    return {**common, "progress": progress, "error": error, "created": "2026-01-01T00:00:00Z", "spec": {}}


def label(name: str, accepted: int, **counts: object) -> Json:
    """How far a label is; 10 images are wanted."""
    return {"label": name, "target": 10, "found": 20, "fetched": 15, "accepted": accepted, **counts}


def source(name: str, label: str, kind: str | None = None, message: str = "") -> Json:
    """What a source gave."""
    error = {"kind": kind, "message": message} if kind else None
    return {"label": label, "source": name, "found": 0, "dry": True, "error": error}
