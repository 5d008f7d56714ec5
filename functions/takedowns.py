"""Take-downs over HTTP: asked for, looked at, lifted."""

import logging
import re
from datetime import datetime

import azure.durable_functions as df
from starlette.requests import Request
from starlette.responses import Response

from functions import take_down
from functions.http import API, PageQuery, asked, in_thread, json_body, json_response
from functions.operations import Blueprint
from functions.preconditions import require_match
from functions.stages.audit import note
from functions.stages.identify import caller
from shared import audit, takedowns
from shared.problems import not_found, precondition_failed
from shared.progress import View
from shared.takedowns import TakedownDocument, TakedownRequest, TakedownState

log = logging.getLogger(__name__)
routes = Blueprint("takedowns")
bp = routes.bp

_ID = re.compile(r"[0-9a-f]{32}")


class TakedownView(View):
    """A take-down. `images` were removed from `datasets`, `uploaded` ones from uploads."""

    id: str
    entry: str
    reason: str
    requested_by: str | None
    by: str
    state: TakedownState
    created: datetime
    updated: datetime
    datasets: int
    images: int
    uploaded: int


class TakedownList(View):
    """A page of take-downs, newest first."""

    takedowns: tuple[TakedownView, ...]
    next: str | None


@routes.operation(
    "POST",
    "v1/takedowns",
    role="admin",
    body=TakedownRequest,
    answers={202: TakedownView},
    action="takedown.create",
    durable=True,
)
async def create_takedown(request: Request, client: df.DurableFunctionsClient) -> Response:
    """Remove images from all datasets, and keep them out: 202 and where to watch.

    By URL or SHA-256 every copy of the same bytes goes, wherever it came from; by host what came from there. Bytes are
    overwritten, and what told of them (manifests, exports, thumbnails, versions) is made anew. No build fetches it
    from then on. Asking again for what is there looks through everything once more.
    """
    principal = caller(request)
    wanted = await json_body(request, TakedownRequest)
    entry = wanted.entry
    document = TakedownDocument(
        id=takedowns.takedown_id(principal.tenant, entry),
        owner=principal.tenant,
        entry=entry,
        reason=wanted.reason,
        requested_by=wanted.requested_by,
        by=audit.who(principal.subject),
    )
    stored = await in_thread(takedowns.put, document)
    note(request, takedown=stored.id)
    try:
        await take_down.start(client, stored)
    except Exception:
        log.exception("take-down %s cannot be started now; reconcile will do it", stored.id)
    return json_response(_view(stored), 202, location=f"{API}/takedowns/{stored.id}")


@routes.operation("GET", "v1/takedowns", role="admin", query=PageQuery, answers={200: TakedownList})
async def list_takedowns(request: Request) -> Response:
    """A page of the take-downs in force, newest first."""
    query = asked(request, PageQuery)
    found = await in_thread(takedowns.page, caller(request).tenant, size=query.limit, cursor=query.cursor)
    return json_response(TakedownList(takedowns=tuple(_view(one) for one in found.items), next=found.cursor))


@routes.operation("GET", "v1/takedowns/{takedown}", role="admin", answers={200: TakedownView})
async def get_takedown(request: Request) -> Response:
    """One take-down: how far it is, and how many images it removed from how many datasets."""
    return json_response(_view(await _named(request)))


@routes.operation(
    "DELETE", "v1/takedowns/{takedown}", role="admin", answers={204: None}, problems=(412,), action="takedown.lift"
)
async def lift_takedown(request: Request) -> Response:
    """Let builds fetch it again. What was removed does not come back by itself."""
    document = await _named(request)
    require_match(request, lambda: _view(document))
    if not await in_thread(takedowns.remove, document):
        raise precondition_failed()
    return Response(status_code=204)


async def _named(request: Request) -> TakedownDocument:
    """The take-down in the path; `ProblemError` 404 if this tenant has none of that id."""
    text = str(request.path_params["takedown"])
    if not _ID.fullmatch(text):
        raise not_found("take-down")
    return await in_thread(takedowns.get, caller(request).tenant, text)


def _view(document: TakedownDocument) -> TakedownView:
    shown = document.model_dump(include=set(TakedownView.model_fields))
    return TakedownView(**shown, datasets=len(document.found), images=sum(document.found.values()))
