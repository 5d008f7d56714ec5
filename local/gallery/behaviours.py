"""How a site answers for an exhibit: well, or in one of the ways in which the web fails."""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from local.gallery.catalogue import Catalogue
from local.gallery.exhibits import Behaviour, Exhibit

DRIP_SECONDS = 0.2
DRIP_LENGTH = 1_000_000  # announced bytes: at one byte per DRIP_SECONDS, longer than anybody waits
METADATA_URL = "http://169.254.169.254/latest/meta-data/"
"""Address of the metadata service in cloud networks: what a server-side request forgery asks for."""

Respond = Callable[[web.Request, Catalogue, Exhibit, tuple[str, ...]], Awaitable[web.StreamResponse]]


async def respond(
    request: web.Request, catalogue: Catalogue, exhibit: Exhibit, sites: tuple[str, ...]
) -> web.StreamResponse:
    """Answer for `exhibit`; `sites` are the addresses of all sites, for redirects from one to another."""
    if exhibit.behaviour in STATUSES:
        status, headers = STATUSES[exhibit.behaviour]
        return web.Response(status=status, headers=headers, text=f"{status} {exhibit.behaviour.replace('_', ' ')}\n")
    return await RESPONSES[exhibit.behaviour](request, catalogue, exhibit, sites)


async def _serve(_: web.Request, catalogue: Catalogue, exhibit: Exhibit, __: tuple[str, ...]) -> web.StreamResponse:
    headers = {"Content-Type": exhibit.content_type, "Cache-Control": "max-age=3600"}
    return web.Response(body=catalogue.read(exhibit), headers=headers)


async def _moved(_: web.Request, catalogue: Catalogue, exhibit: Exhibit, sites: tuple[str, ...]) -> web.StreamResponse:
    picture = catalogue.pictures[exhibit.topic, exhibit.number]
    status = 301 if exhibit.behaviour == "moved_permanently" else 302
    return web.Response(status=status, headers={"Location": sites[picture.site] + picture.target})


async def _loop(request: web.Request, _: Catalogue, exhibit: Exhibit, __: tuple[str, ...]) -> web.StreamResponse:
    """Send the visitor round: from the address to its `?again` and back."""
    location = exhibit.path if request.query_string else f"{exhibit.path}?again"
    return web.Response(status=302, headers={"Location": location})


async def _inside(*_: object) -> web.StreamResponse:
    return web.Response(status=302, headers={"Location": METADATA_URL})


async def _cut_off(
    request: web.Request, catalogue: Catalogue, exhibit: Exhibit, _: tuple[str, ...]
) -> web.StreamResponse:
    data = catalogue.read(exhibit)
    response = web.StreamResponse(headers={"Content-Type": exhibit.content_type, "Content-Length": str(len(data))})
    await response.prepare(request)
    await response.write(data[: len(data) // 2])
    if request.transport is not None:
        request.transport.close()
    return response


async def _drip(request: web.Request, catalogue: Catalogue, exhibit: Exhibit, _: tuple[str, ...]) -> web.StreamResponse:
    data = catalogue.read(exhibit)
    response = web.StreamResponse(headers={"Content-Type": exhibit.content_type, "Content-Length": str(DRIP_LENGTH)})
    await response.prepare(request)
    for position in range(DRIP_LENGTH):
        start = position % len(data)
        await response.write(data[start : start + 1])  # ConnectionResetError once the visitor is gone ends this
        await asyncio.sleep(DRIP_SECONDS)
    return response


async def _drop(request: web.Request, *_: object) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _empty(_: web.Request, __: Catalogue, exhibit: Exhibit, ___: tuple[str, ...]) -> web.StreamResponse:
    return web.Response(headers={"Content-Type": exhibit.content_type})


STATUSES: dict[Behaviour, tuple[int, dict[str, str]]] = {
    "not_found": (404, {}),
    "forbidden": (403, {}),
    "gone": (410, {}),
    "too_many_requests": (429, {"Retry-After": "1"}),
    "server_error": (500, {}),
}
RESPONSES: dict[Behaviour, Respond] = {
    "serve": _serve,
    "moved_permanently": _moved,
    "found": _moved,
    "redirect_loop": _loop,
    "redirect_inside": _inside,
    "cut_off": _cut_off,
    "drip": _drip,
    "drop": _drop,
    "empty": _empty,
}
