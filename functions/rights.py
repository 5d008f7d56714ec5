"""A tenant's rights over HTTP: all that is kept of it, as a file, and its erasure (GDPR, articles 15, 17 and 20)."""

import logging
import re
from datetime import datetime
from typing import Literal

import azure.durable_functions as df
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from builder.spec import Model
from functions.durable import revive, start_once
from functions.http import API, in_thread, json_body, json_response
from functions.operations import Blueprint
from functions.stages.idempotency import new_id
from functions.stages.identify import caller
from shared import audit, rights, takedowns
from shared.blobs import download_link
from shared.documents import now
from shared.problems import invalid_body, not_found
from shared.progress import View
from shared.rights import ErasureDocument, ExportDocument
from shared.tasks import ErasureTask, TakedownTask, TenantExportTask

log = logging.getLogger(__name__)
routes = Blueprint("tenant")
bp = routes.bp

_ID = re.compile(r"[0-9a-f]{32}")


class TenantExportView(View):
    """An export of everything kept of the tenant. `url` downloads it, without further credentials, until
    `url_expires`; the file itself is removed at `expires`."""

    id: str
    state: Literal["collecting", "ready", "failed"]
    created: datetime
    expires: datetime | None
    size_bytes: int | None
    url: str | None
    url_expires: str | None


class ErasureRequest(Model):
    """Which tenant is to be erased."""

    confirm: str = Field(max_length=500, description="the tenant's name, so that nothing is erased by accident")


class ErasureView(View):
    """An erasure."""

    id: str
    state: Literal["erasing", "done"]


@routes.operation(
    "POST",
    "v1/tenant/export",
    role="admin",
    answers={202: TenantExportView},
    action="tenant.export",
    durable=True,
)
async def export_tenant(request: Request, client: df.DurableFunctionsClient) -> Response:
    """Collect everything that is kept of the tenant in one zip: 202 and where to watch.

    JSON Lines, one file for each kind of document, and a list of all files with their sizes. Keys are without their
    hashes, webhooks without their secrets. The files themselves are had from the datasets.
    """
    document = ExportDocument(id=new_id(request), owner=caller(request).tenant)
    stored = await in_thread(rights.create_export, document)
    task = TenantExportTask(owner=stored.owner, export=stored.id)
    await _start(client, "export_tenant_data", task, task.instance)
    view = _export_view(stored, None, None)  # without a link: the answer may be kept, to be given again
    return json_response(view, 202, location=f"{API}/tenant/export/{stored.id}")


@routes.operation("GET", "v1/tenant/export/{export}", role="admin", answers={200: TenantExportView})
async def get_tenant_export(request: Request) -> Response:
    """How far an export is; once it is ready, a short-lived link to download it."""
    document = await in_thread(rights.get_export, caller(request).tenant, _id(request, "export"))
    response = json_response(await in_thread(_export, document))
    response.headers["cache-control"] = "no-store"
    return response


def _export(document: ExportDocument) -> TenantExportView:
    url, ends = None, None
    if document.state == "ready" and document.expires is not None and document.expires > now():
        url, ends = download_link(*rights.export_file(document.owner, document.id), f"pixcrawler-{document.id[:8]}.zip")
    return _export_view(document, url, ends)


def _export_view(document: ExportDocument, url: str | None, ends: str | None) -> TenantExportView:
    shown = document.model_dump(include={"id", "state", "created", "expires", "size_bytes"})
    return TenantExportView(**shown, url=url, url_expires=ends)


@routes.operation(
    "POST",
    "v1/tenant/erasure",
    role="admin",
    body=ErasureRequest,
    answers={202: ErasureView},
    action="tenant.erase",
    durable=True,
)
async def erase_tenant(request: Request, client: df.DurableFunctionsClient) -> Response:
    """Erase everything of the tenant, for good: 202 and where to watch, as long as there are credentials.

    Builds are stopped; datasets, uploads, webhooks, usage, take-downs and the audit trail are removed, keys last. One
    line of the audit trail stays, which says who erased it and when. Meanwhile nothing can be made or changed.
    """
    principal = caller(request)
    wanted = await json_body(request, ErasureRequest)
    if wanted.confirm != principal.tenant:
        raise invalid_body([(("confirm",), "this is not the tenant's name: repeat it to erase everything of it")])
    document = ErasureDocument(owner=principal.tenant, erasure=new_id(request), by=audit.who(principal.subject))
    begun = await in_thread(rights.begin_erasure, document)
    task = _erasure_task(begun)
    await _start(client, "erase_tenant_data", task, task.instance)
    view = ErasureView(id=begun.erasure, state="erasing")
    return json_response(view, 202, location=f"{API}/tenant/erasure/{begun.erasure}")


@routes.operation("GET", "v1/tenant/erasure/{erasure}", role="admin", answers={200: ErasureView})
async def get_erasure(request: Request) -> Response:
    """How far an erasure is."""
    from shared.steps import erase

    tenant, erasure = caller(request).tenant, _id(request, "erasure")
    going_on = await in_thread(rights.find_erasure, tenant)
    if going_on is not None and going_on.erasure == erasure:
        return json_response(ErasureView(id=erasure, state="erasing"))
    if await in_thread(erase.is_proven, tenant, erasure):
        return json_response(ErasureView(id=erasure, state="done"))
    raise not_found("erasure")


def _erasure_task(document: ErasureDocument) -> ErasureTask:
    return ErasureTask(owner=document.owner, erasure=document.erasure, by=document.by, created=document.created)


def _id(request: Request, name: str) -> str:
    text = str(request.path_params[name])
    if not _ID.fullmatch(text):
        raise not_found(name)
    return text


async def _start(client: df.DurableFunctionsClient, orchestrator: str, task: BaseModel, instance: str) -> None:
    try:
        await start_once(client, orchestrator, task, instance)
    except Exception:
        log.exception("%s %s cannot be started now; reconcile will do it", orchestrator, instance)


async def look_after(client: df.DurableFunctionsClient) -> None:
    """Start again take-downs, exports and erasures that say they go on and have no live orchestration."""
    erasures, exports = await in_thread(rights.unfinished)
    for erasure in erasures:
        task = _erasure_task(erasure)
        await revive(client, "erase_tenant_data", task, task.instance)
    for export in exports:
        wanted = TenantExportTask(owner=export.owner, export=export.id)
        await revive(client, "export_tenant_data", wanted, wanted.instance)
    for entry in await in_thread(takedowns.unfinished):
        taken = TakedownTask(owner=entry.owner, takedown=entry.id, created=entry.created)
        await revive(client, "take_down", taken, taken.instance)
