"""A stand-in for duckduckgo.com and www.bing.com: an HTTPS proxy with a CA of its own that answers in their place."""

import json
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import trustme

HOSTS = ("duckduckgo.com", "www.bing.com")
VQD = "4-283746528374652837465283746528374652837"
DUCKDUCKGO_PAGE, BING_PAGE = 100, 35


@dataclass(frozen=True)
class Reply:
    """What the stand-in sends back."""

    body: bytes | str = b""
    status: int = 200
    content_type: str = "text/html; charset=utf-8"


@dataclass(frozen=True)
class Picture:
    """One thing that the engines have found on the web."""

    url: str
    page_url: str = "https://site.example/page"
    title: str | None = "A picture"
    size: tuple[int, int] = (1920, 1080)


@dataclass
class SearchWeb:
    """Both engines over one list of pictures. `replies` takes the place of what a path would answer."""

    proxy: str
    ca_file: Path
    pictures: list[Picture] = field(default_factory=list)
    replies: dict[str, Reply | Callable[[], Reply]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)

    def answer(self, host: str, target: str) -> Reply:
        """The reply to one GET."""
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        place = host + parts.path
        self.asked.append((place, query))
        if (reply := self.replies.get(place)) is not None:
            return reply if isinstance(reply, Reply) else reply()
        match place:
            case "duckduckgo.com/":
                return Reply(
                    f'<!DOCTYPE html><html><head><script>DDG.deep.initialize("/d.js?q=x");vqd="{VQD}";</script>'
                )
            case "duckduckgo.com/i.js":
                return self._duckduckgo(query)
            case "www.bing.com/images/async":
                return self._bing(query)
            case _:
                return Reply("<h1>Not Found</h1>", 404)

    def _duckduckgo(self, query: dict[str, str]) -> Reply:
        if query.get("vqd") != VQD or query.get("o") != "json" or not query.get("q"):
            return Reply("If this persists, please email us.", 403)
        start = int(query.get("s", "0"))
        found = self.pictures[start : start + DUCKDUCKGO_PAGE]
        results = [
            {
                "height": picture.size[1],
                "width": picture.size[0],
                "image": picture.url,
                "image_token": "0a1b2c",
                "source": "Bing",
                "thumbnail": "https://tse1.mm.bing.net/th?id=OIP.x&pid=Api",
                "title": picture.title,
                "url": picture.page_url,
            }
            for picture in found
        ]
        body = {"ads": None, "query": query["q"], "queryEncoded": "x", "response_type": "places", "results": results}
        if start + len(found) < len(self.pictures):
            body["next"] = f"i.js?q=x&o=json&p=1&s={start + len(found)}&u=bing&l=us-en"
        return Reply(json.dumps(body), content_type="application/x-javascript")

    def _bing(self, query: dict[str, str]) -> Reply:
        first = int(query["first"]) - 1
        found = self.pictures[first : first + int(query["count"])]
        items = "".join(
            f'<li data-idx="{place}"><div class="iuscp isv"><div class="imgpt">'
            f'<a class="iusc" m="{escape(json.dumps(bing_metadata(picture)))}" href="/images/search?x">'
            f'<div class="img_cont hoff"><img class="mimg" src="https://tse1.mm.bing.net/th?id=OIP.x"/></div></a>'
            f'<div class="img_info hon"><span class="nowrap">{picture.size[0]} × {picture.size[1]} · jpeg</span></div>'  # noqa: RUF001
            f'</div><div class="infopt"><div class="infnmpt"><div class="infpd"><ul class="b_dataList"><li>'
            f'<a title="x">{escape(picture.title or "")}</a></li></ul>'
            f'<div class="lnkw"><a href="{escape(picture.page_url)}">site.example</a></div>'
            "</div></div></div></div></li>"
            for place, picture in enumerate(found, start=first)
        )
        more = f"/images/async?q=x&amp;first={first + len(found) + 1}&amp;count=35"
        return Reply(
            f'<div id="mmComponent_images_2" class="dgControl hover" data-nexturl="{more}">'
            f'<ul class="dgControl_list" data-row="0">{items}</ul></div>'
        )


def bing_metadata(picture: Picture) -> dict[str, object]:
    """The JSON that Bing keeps in an attribute of each result."""
    return {
        "cid": "x",
        "purl": picture.page_url,
        "murl": picture.url,
        "turl": "https://tse1.mm.bing.net/th?id=OIP.x&pid=15.1",
        "md5": "0" * 32,
        "t": picture.title,
        "desc": "",
    }


@contextmanager
def search_web(folder: Path) -> Iterator[SearchWeb]:
    """A running stand-in; engines reach it with its `proxy` and `ca_file`."""
    ca = trustme.CA()
    ca_file = folder / "ca.pem"
    ca.cert_pem.write_to_path(ca_file)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ca.issue_cert(*HOSTS).configure_cert(context)
    context.set_alpn_protocols(["http/1.1"])

    class Inside(BaseHTTPRequestHandler):
        """The engines, as seen from inside the tunnel."""

        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            reply = web.answer(self.headers["Host"], self.path)
            body = reply.body.encode(errors="replace") if isinstance(reply.body, str) else reply.body
            self.send_response(reply.status)
            self.send_header("Content-Type", reply.content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    class Tunnel(BaseHTTPRequestHandler):
        """CONNECT, and TLS in the name of the host that was asked for."""

        def do_CONNECT(self) -> None:
            if self.path.rpartition(":")[0] not in HOSTS:
                self.send_error(502)
                return
            self.send_response(200)
            self.end_headers()
            self.close_connection = True
            try:
                with context.wrap_socket(self.connection, server_side=True) as tls:
                    Inside(tls, self.client_address, self.server)
            except (ssl.SSLError, ConnectionError):
                return  # a client that does not trust the CA, or has gone

        def log_message(self, *_: object) -> None:
            pass

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True

    with Server(("127.0.0.1", 0), Tunnel) as server:
        web = SearchWeb(f"http://127.0.0.1:{server.server_address[1]}", ca_file)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield web
        finally:
            web.closing.set()
            server.shutdown()
            thread.join()
