"""The description of the API over HTTP: for programs, for people, for Postman and what reads its collections."""

import json
from functools import lru_cache

from starlette.requests import Request
from starlette.responses import Response

from functions.http import in_thread
from functions.operations import Blueprint

routes = Blueprint("description")
bp = routes.bp

_CACHED = {"cache-control": "public, max-age=300", "x-content-type-options": "nosniff"}


@routes.operation("GET", "v1/openapi.json", role=None, answers={200: ("application/json",)})
async def get_openapi(request: Request) -> Response:
    """This API as an OpenAPI 3.1 document."""
    return Response(await in_thread(_openapi), media_type="application/json", headers=_CACHED)


@lru_cache(maxsize=1)
def _openapi() -> bytes:
    from functions.description.openapi import document

    return json.dumps(document(), ensure_ascii=False).encode()


@routes.operation("GET", "v1/docs", role=None, answers={200: ("text/html",)})
async def read_docs(request: Request) -> Response:
    """This API described for people, on one page that needs no script and no other host."""
    from functions.description.page import POLICY

    headers = {**_CACHED, "content-security-policy": POLICY, "referrer-policy": "no-referrer"}
    return Response(await in_thread(_page), media_type="text/html", headers=headers)


@lru_cache(maxsize=1)
def _page() -> bytes:
    from functions.description.openapi import document
    from functions.description.page import page

    return page(document()).encode()


@routes.operation("GET", "v1/collection.json", role=None, answers={200: ("application/json",)})
async def get_collection(request: Request) -> Response:
    """This API as a Postman collection, format 2.1, which Bruno, Insomnia and Hoppscotch import too."""
    return Response(await in_thread(_collection), media_type="application/json", headers=_CACHED)


@lru_cache(maxsize=1)
def _collection() -> bytes:
    from functions.description.openapi import document
    from functions.description.postman import collection

    return json.dumps(collection(document()), ensure_ascii=False).encode()
