"""A server on loopback that plays the API's answers and failures as a test tells it to."""

import json
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ID = "0123456789abcdef0123456789abcdef"
Json = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """`cut` bytes of the body are sent, then the connection is broken; `reset` at once, without an answer."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    reset: bool = False
    ranges: bool = False


@dataclass(frozen=True)
class Asked:
    request: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Server:
    """`answers` maps "METHOD target" to what comes one after the other; the last one stays."""

    answers: dict[str, list[Answer]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answer(self, request: str, *answers: Answer | Json | int) -> None:
        method, target = request.split(" ")
        path = target if target.startswith("/blob") else f"/api/v1{target}"
        self.answers.setdefault(f"{method} {path}", []).extend(map(_answer, answers))

    def requests(self, part: str = "") -> list[Asked]:
        return [one for one in self.asked if part in one.request]

    def take(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        left = self.answers.get(asked.request, [problem(404, "not-found", "There is no such thing here.")])
        return left.pop(0) if len(left) > 1 else left[0]


def _answer(told: Answer | Json | int) -> Answer:
    if isinstance(told, Answer):
        return told
    if isinstance(told, int):
        return problem(told, "unwell", "The API is unwell.")
    return Answer(200, json.dumps(told).encode())


def problem(status: int, kind: str, detail: str, **headers: str) -> Answer:
    told = {"type": f"https://pixcrawler.dev/problems/{kind}", "title": kind, "status": status, "detail": detail}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, json.dumps(told).encode(), {"content-type": "application/problem+json", **named})


def dataset(state: str, *labels: Json, stage: str | None = None, name: str = "pandas") -> Json:
    """What the API says of a dataset."""
    common = {"id": ID, "name": name, "state": state, "stage": stage, "error": None, "news": 1}
    return {**common, "created": "2026-01-01T00:00:00Z", "progress": {"labels": labels, "sources": []}, "spec": {}}


def label(name: str, accepted: int, **counts: object) -> Json:
    """How far a label is; 10 images are wanted."""
    return {"label": name, "target": 10, "found": 20, "fetched": 15, "accepted": accepted, **counts}


def event(kind: str, id_: str, **data: object) -> bytes:
    return f"event: {kind}\nid: {id_}\ndata: {json.dumps(data)}\n\n".encode()


def stream(*events: bytes, cut: bool = False) -> Answer:
    """An event stream; with `cut` its last byte never comes."""
    body = b"retry: 10\n\n" + b"".join(events)
    return Answer(200, body, {"content-type": "text/event-stream"}, cut=len(body) - 1 if cut else None)


@contextmanager
def serving() -> Iterator[Server]:
    server = Server()

    class Handler(BaseHTTPRequestHandler):
        def reply(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = server.take(Asked(f"{self.command} {self.path}", headers, body))
            if answer.reset:
                # without a farewell: the client gets a reset
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
                return
            status, start, extra = answer.status, 0, dict(answer.headers)
            if answer.ranges and (wanted := headers.get("range")):
                start = int(wanted.removeprefix("bytes=").rstrip("-"))
                status, extra["content-range"] = 206, f"bytes {start}-{len(answer.body) - 1}/{len(answer.body)}"
            content = answer.body[start:]
            self.send_response(status)
            for name, value in extra.items():
                self.send_header(name, value)
            if status != 304:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content if answer.cut is None else content[: answer.cut])

        do_GET = do_POST = do_DELETE = reply  # noqa: N815 - the names that BaseHTTPRequestHandler looks for

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    class Listener(ThreadingHTTPServer):
        def shutdown_request(self, request: Any) -> None:
            if request.fileno() >= 0:
                super().shutdown_request(request)

        def handle_error(self, *_: object) -> None:
            """A client that has gone, or was reset, is what the tests are about."""

    with Listener(("127.0.0.1", 0), Handler) as listener:
        server.port = listener.server_port
        threading.Thread(target=listener.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        listener.shutdown()
