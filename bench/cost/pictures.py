"""A site of pictures that are all different, some of them no good, as the web has them."""

import hashlib
import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from PIL import Image

OF_TEN = {6: "missing", 7: "a copy of the one before", 8: "too small", 9: "too small"}
"""What every tenth URL is from the seventh on: six of ten are good."""
GOOD, CAME = 1 - len(OF_TEN) / 10, 0.9
_SIDE, _SMALL_SIDE, _TILES = 640, 16, 16


def listed(site: str, label: int, count: int) -> list[tuple[str, str, str]]:
    """URL, page and title of so many candidates of one label, about 95, 75 and 50 characters.

    They are as long as a search engine's and as hard to compress, for the database charges by size.
    """
    return [_candidate(f"{site}/{label}/{number}", f"{label}/{number}") for number in range(count)]


def _candidate(url: str, seed: str) -> tuple[str, str, str]:
    text = hashlib.shake_256(f"names of {seed}".encode()).hexdigest(74)  # four bits a letter; words have fewer
    title = " ".join(text[start : start + 6] for start in range(100, 148, 7))
    return f"{url}/2024/07/{text[:52]}.jpg", f"https://{text[52:60]}.example.org/articles/{text[60:100]}", title


def picture(label: int, number: int) -> bytes | None:
    """What is at a URL, a JPEG of some 30 KB; None if nothing is."""
    place = number % 10
    if place == 6:  # noqa: PLR2004 - see OF_TEN
        return None
    if place == 7:  # noqa: PLR2004
        number -= 2
    side = _SMALL_SIDE if place > 7 else _SIDE  # noqa: PLR2004
    seed = hashlib.shake_256(f"{label}/{number}".encode()).digest(_TILES * _TILES * 3)
    out = io.BytesIO()
    tiles = Image.frombytes("RGB", (_TILES, _TILES), seed)
    tiles.resize((side, side), Image.Resampling.NEAREST).save(out, "JPEG", quality=95)
    return out.getvalue()


@contextmanager
def serving() -> Iterator[str]:
    """Serve them on this machine; the value is the site's address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever, name="pictures", daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer with a picture, or 404 (also to robots.txt, which allows everything)."""
        label, number, *_ = (*self.path.strip("/").split("/"), "")
        data = picture(int(label), int(number)) if label.isdecimal() and number.isdecimal() else None
        self.send_response(HTTPStatus.NOT_FOUND if data is None else HTTPStatus.OK)
        self.send_header("Content-Type", "image/jpeg")
        self.send_header("Content-Length", str(len(data or b"")))
        self.end_headers()
        self.wfile.write(data or b"")

    def log_message(self, *_: object) -> None:
        """Say nothing."""
