"""Uploads over HTTP: announce one, bring its bytes, look at what was found in it, remove it."""

import re
import uuid

from starlette.requests import Request
from starlette.responses import Response

from functions.http import API, PageQuery, asked, in_thread, json_body, json_response
from functions.operations import Blueprint
from functions.preconditions import check_match, require_match
from functions.stages.identify import caller
from shared import quotas, uploads
from shared.problems import conflict, invalid_body, not_found, too_large
from shared.settings import settings
from shared.uploads import NewUpload, UploadDocument, UploadList, UploadRequest, UploadView, line, new_view, view

routes = Blueprint("uploads")
bp = routes.bp

_ID = re.compile(r"[0-9a-f]{32}")
_BLOCK_BYTES = 4 << 20


def upload_id(request: Request) -> str:
    """The id in the path; `ProblemError` 404 when it cannot be one, before any store is asked."""
    text = str(request.path_params["upload"])
    if not _ID.fullmatch(text):
        raise not_found("upload")
    return text


@routes.operation(
    "POST",
    "v1/uploads",
    role="editor",
    body=UploadRequest,
    answers={201: NewUpload},
    action="upload.create",
    replayable=False,
)
async def create_upload(request: Request) -> Response:
    """Announce an upload: 201 with its id and two ways to bring the bytes.

    Either PUT them to `signed.url` with `signed.headers`, straight to storage, once and before it expires; or PUT them
    to `links.content`, through the API. Either way they are checked as soon as they are there: watch `state`.
    403 when the quota of stored bytes has no room.
    """
    from shared import upload_files

    principal = caller(request)
    wanted = await json_body(request, UploadRequest)
    limit = settings().max_upload_bytes
    if wanted.size_bytes is not None and wanted.size_bytes > limit:
        raise invalid_body([(("size_bytes",), f"at most {limit:,} bytes may come at once: cut it into several")])
    await in_thread(quotas.check_stored, principal.tenant, wanted.size_bytes or 1)
    document = UploadDocument(id=uuid.uuid4().hex, owner=principal.tenant, **dict(wanted))
    stored = await in_thread(uploads.create, document)
    signed = await in_thread(upload_files.signed_upload, principal.tenant, document.id)
    return json_response(new_view(stored, API, signed), 201, location=f"{API}/uploads/{document.id}")


@routes.operation("GET", "v1/uploads", role="viewer", query=PageQuery, answers={200: UploadList})
async def list_uploads(request: Request) -> Response:
    """A page of uploads, newest first; `limit` and `cursor` page."""
    principal = caller(request)
    query = asked(request, PageQuery)
    found = await in_thread(uploads.page, principal.tenant, size=query.limit, cursor=query.cursor)
    return json_response(UploadList(uploads=tuple(line(one, API) for one in found.items), next=found.cursor))


@routes.operation("GET", "v1/uploads/{upload}", role="viewer", answers={200: UploadView})
async def get_upload(request: Request) -> Response:
    """One upload: how far its check is, and what was found.

    `waiting` for its bytes, `checking` them, `ready` to be named in a dataset, or `refused`: `error` says what to do.
    """
    principal = caller(request)
    return json_response(_shown(await in_thread(uploads.get, principal.tenant, upload_id(request))))


@routes.operation(
    "PUT",
    "v1/uploads/{upload}/content",
    role="editor",
    body=("application/octet-stream",),
    answers={202: UploadView},
    problems=(409, 412),
    action="upload.fill",
)
async def put_upload_content(request: Request) -> Response:
    """Bring the bytes of an upload, streamed: 202, and the check begins; 409 when they came before.

    Azure Functions takes bodies of up to 100 MB: send longer files to the signed URL.
    """
    from shared.upload_files import IncomingBlob, has_come

    principal = caller(request)
    document = await in_thread(uploads.get, principal.tenant, upload_id(request))
    require_match(request, lambda: _shown(document))
    if document.state != "waiting" or await in_thread(has_come, principal.tenant, document.id):
        raise conflict("The bytes of this upload have come already: announce another one.")
    limit = min(settings().max_upload_bytes, document.size_bytes or settings().max_upload_bytes)
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limit:
        raise too_large(limit)
    blob = IncomingBlob(principal.tenant, document.id)
    block, received = bytearray(), 0
    async for chunk in request.stream():
        received += len(chunk)
        if received > limit:
            raise too_large(limit)
        block += chunk
        if len(block) >= _BLOCK_BYTES:
            await in_thread(blob.add, bytes(block))
            block.clear()
    if block:
        await in_thread(blob.add, bytes(block))
    if not await in_thread(blob.finish):
        raise conflict("The bytes of this upload have come already: announce another one.")
    return json_response(_shown(document), 202)


@routes.operation(
    "DELETE", "v1/uploads/{upload}", role="editor", answers={204: None}, problems=(409, 412), action="upload.delete"
)
async def delete_upload(request: Request) -> Response:
    """Remove an upload and its files; 409 while a dataset is being built from it.

    Datasets that were built from it keep their images.
    """
    from shared.steps import ingest

    principal = caller(request)
    await in_thread(ingest.delete, principal.tenant, upload_id(request), check_match(request, _shown))
    return Response(status_code=204)


def _shown(document: UploadDocument) -> UploadView:
    """What a GET answers, and what If-Match is compared with."""
    return view(document, API)
