"""Uploading a URL list over HTTP: text, CSV or JSON Lines, up to a million lines, each checked before it is kept."""

import tempfile
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from functions.http import in_thread, json_response
from functions.operations import Blueprint
from functions.stages.idempotency import new_id
from functions.stages.identify import caller
from shared import rights
from shared.documents import now
from shared.problems import ProblemError, too_large
from shared.settings import settings
from shared.views import UrlListView

if TYPE_CHECKING:
    from builder.urls import ListKind

routes = Blueprint("uploads")
bp = routes.bp

_KINDS: dict[str, "ListKind"] = {
    "text/plain": "text",
    "text/csv": "csv",
    "text/tab-separated-values": "tsv",
    "application/jsonl": "jsonl",
    "application/x-ndjson": "jsonl",
}
_IN_MEMORY_BYTES = 1_000_000


@routes.operation(
    "POST",
    "v1/url-lists",
    role="editor",
    body=tuple(_KINDS),
    answers={201: UrlListView},
    problems=(415,),
    action="url_list.create",
)
async def create_url_list(request: Request) -> Response:
    """Keep a list for the source `urls`: 201 with the id to name in a dataset's `url_list`."""
    principal, began = caller(request), now()
    from shared.steps import upload

    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in _KINDS:
        detail = (
            "Send the list as text/plain (a URL a line), text/csv (with a header that names a column `url`) "
            "or application/jsonl (an object with `url` a line)."
        )
        raise ProblemError(415, "unsupported-media-type", "Not a list", detail)
    limit = settings().max_upload_bytes
    with tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES) as spool:
        received = 0
        async for chunk in request.stream():
            received += len(chunk)
            if received > limit:
                raise too_large(limit)
            spool.write(chunk)
        spool.seek(0)
        await in_thread(rights.check_not_erased, principal.tenant, began)
        kept = await in_thread(upload.keep_url_list, principal.tenant, new_id(request), _KINDS[media_type], spool)
    return json_response(kept, 201)
