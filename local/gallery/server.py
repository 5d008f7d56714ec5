"""The gallery's HTTP servers: one per site, in one process."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from local.gallery import pages, ports, site_urls
from local.gallery.behaviours import respond
from local.gallery.catalogue import Catalogue
from local.gallery.exhibits import SITES, Exhibit
from local.gallery.photographs import PHOTOGRAPHS

HOST = "127.0.0.1"
SHUTDOWN_SECONDS = 0.5  # open drips are cut, not waited for


def result(exhibit: Exhibit, sites: tuple[str, ...]) -> dict[str, str | int | None]:
    """A search result: where the image and its page are, and what the search knows of it."""
    return {
        "url": sites[exhibit.site] + exhibit.target,
        "page_url": sites[exhibit.site] + exhibit.page,
        "title": pages.title(exhibit),
        "licence": PHOTOGRAPHS[exhibit.photograph].licence,
        "width": exhibit.width,
        "height": exhibit.height,
    }


class Site:
    """The handlers of one site."""

    def __init__(self, catalogue: Catalogue, number: int, sites: tuple[str, ...]) -> None:
        self.catalogue = catalogue
        self.number = number
        self.sites = sites

    def app(self) -> web.Application:
        """The site as an application."""
        app = web.Application()
        app.router.add_get("/", self.front)
        app.router.add_get("/robots.txt", self.robots)
        app.router.add_get("/pages/{topic}/{number:[0-9]{1,6}}", self.page)
        if self.number == 0:
            app.router.add_get("/search", self.search)
        app.router.add_get("/{path:.+}", self.exhibit)
        return app

    async def front(self, _: web.Request) -> web.Response:
        """`/`: what there is."""
        return web.Response(text=pages.front(self.catalogue, self.number), content_type="text/html")

    async def robots(self, _: web.Request) -> web.Response:
        """`/robots.txt`."""
        return web.Response(text=pages.robots(self.number))

    async def page(self, request: web.Request) -> web.Response:
        """`/pages/TOPIC/NUMBER`: the page around a picture."""
        key = (request.match_info["topic"], int(request.match_info["number"]))
        exhibit = self.catalogue.pictures.get(key)
        if exhibit is None:
            raise web.HTTPNotFound
        url = self.sites[exhibit.site] + exhibit.target
        return web.Response(text=pages.picture(exhibit, url), content_type="text/html")

    async def search(self, request: web.Request) -> web.Response:
        """`/search?q=WORDS&page=N`: JSON `{"results": [...], "next": N or null}`; 400 for a page that is no number."""
        page = request.query.get("page", "1")
        if not (page.isascii() and page.isdigit() and int(page[:9]) >= 1):
            return web.json_response({"error": "page is a number from 1"}, status=400)
        found = self.catalogue.search(request.query.get("q", ""), int(page[:9]))
        results = [result(exhibit, self.sites) for exhibit in found.exhibits]
        return web.json_response({"results": results, "next": found.next_page})

    async def exhibit(self, request: web.Request) -> web.StreamResponse:
        """Everything else: what hangs at that path."""
        exhibit = self.catalogue.by_address.get((self.number, request.path))
        if exhibit is None:
            raise web.HTTPNotFound
        return await respond(request, self.catalogue, exhibit, self.sites)


@asynccontextmanager
async def serving(catalogue: Catalogue, port: int) -> AsyncIterator[tuple[str, ...]]:
    """Serve all sites on `port` and the ports after it; yields their addresses. OSError if a port is taken."""
    sites = site_urls(port)
    runners: list[web.AppRunner] = []
    try:
        for number, own in enumerate(ports(port)):
            app = Site(catalogue, number, sites).app()
            app.on_response_prepare.append(_named(SITES[number]))
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
            runners.append(runner)
            await runner.setup()
            await web.TCPSite(runner, HOST, own).start()
        yield sites
    finally:
        await asyncio.gather(*(runner.cleanup() for runner in runners))


def _named(name: str) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    async def set_server(_: web.Request, response: web.StreamResponse) -> None:
        response.headers["Server"] = name

    return set_server


async def serve_until_signal(catalogue: Catalogue, port: int) -> None:
    """Serve until SIGINT or SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with serving(catalogue, port):
        await stop.wait()
