"""Versions of a dataset over HTTP: frozen, listed, compared, exported."""

import re

import azure.durable_functions as df
from starlette.requests import Request
from starlette.responses import Response

from functions.datasets import dataset_id, tagged
from functions.durable import is_alive, restart
from functions.exports import ExportList, Link, LinkQuery, linked
from functions.http import API, PageQuery, asked, in_thread, json_body, json_response
from functions.notify import notify_version
from functions.operations import Blueprint
from functions.preconditions import check_match, require_match
from functions.stages.identify import caller
from shared import datasets, quotas, versions
from shared.documents import VersionDocument
from shared.problems import conflict, not_found
from shared.steps.export import ExportView
from shared.tasks import VersionExportTask
from shared.versions import ChangeList, VersionExportRequest, VersionFolder, VersionList, VersionRequest, VersionView

routes = Blueprint("versions")
bp = routes.bp

_NUMBER = re.compile(r"[1-9][0-9]{0,3}")
PATH = "v1/datasets/{dataset}/versions"


async def _version(request: Request) -> VersionDocument:
    """The version in the path; `ProblemError` 404 if the caller has none of that number."""
    dataset = dataset_id(request)
    await in_thread(datasets.get, caller(request).tenant, dataset)
    text = str(request.path_params["version"])
    if not _NUMBER.fullmatch(text):
        raise not_found("version")
    return await in_thread(versions.get, dataset, int(text))


@routes.operation(
    "POST",
    PATH,
    role="editor",
    body=VersionRequest,
    answers={200: VersionView, 201: VersionView},
    problems=(409, 412),
    action="version.create",
    durable=True,
)
async def create_version(request: Request, client: df.DurableFunctionsClient) -> Response:
    """Freeze the dataset as it is.

    201 with the new version; 200 with the newest one when nothing has changed since. A version never changes. 409
    while the dataset is being built, or another version is being made. `If-Match` takes the ETag of the dataset.
    """
    from shared.steps import freeze

    dataset = dataset_id(request)
    wanted = await json_body(request, VersionRequest)
    principal = caller(request)
    document, new = await in_thread(
        freeze.freeze, principal.tenant, dataset, wanted, principal.subject, check_match(request, tagged)
    )
    await notify_version(client, principal.tenant, document)
    told = versions.view(document, API)
    return json_response(told, 201 if new else 200, location=told.links["self"])


@routes.operation("GET", PATH, role="viewer", query=PageQuery, answers={200: VersionList})
async def list_versions(request: Request) -> Response:
    """A page of versions, newest first."""
    query = asked(request, PageQuery)
    dataset = dataset_id(request)
    await in_thread(datasets.get, caller(request).tenant, dataset)
    found = await in_thread(versions.page, dataset, size=query.limit, cursor=query.cursor)
    return json_response(VersionList(versions=tuple(versions.view(one, API) for one in found.items), next=found.cursor))


@routes.operation("GET", PATH + "/{version}", role="viewer", answers={200: VersionView})
async def get_version(request: Request) -> Response:
    """One version: its counts, and how many images differ from the version before."""
    return json_response(versions.view(await _version(request), API))


@routes.operation("GET", PATH + "/{version}/diff", role="viewer", query=PageQuery, answers={200: ChangeList})
async def get_version_diff(request: Request) -> Response:
    """A page of what changed since the version before, by key."""
    query = asked(request, PageQuery)
    document = await _version(request)
    found = await in_thread(versions.changes, document, size=query.limit, cursor=query.cursor)
    return json_response(ChangeList(changes=found.items, next=found.cursor))


@routes.operation("GET", PATH + "/{version}/exports", role="viewer", answers={200: ExportList})
async def list_version_exports(request: Request) -> Response:
    """The exports of a version that are complete, with their files, sizes and SHA-256."""
    from shared.steps import freeze

    document = await _version(request)
    found = await in_thread(freeze.exports, document.dataset, document.number)
    return json_response(ExportList(exports=found))


@routes.operation(
    "POST",
    PATH + "/{version}/exports",
    role="editor",
    body=VersionExportRequest,
    answers={200: ExportView, 202: None},
    problems=(409, 412),
    action="version.export",
    durable=True,
)
async def create_version_export(request: Request, client: df.DurableFunctionsClient) -> Response:
    """Make an export of a version.

    202, and the list of exports has it once it is complete; 200 with its files when it was made before. 409 when the
    version has no image; 403 when the quota of stored bytes has no room for it. `If-Match` takes the ETag of the
    version.
    """
    from shared.steps import freeze

    wanted = await json_body(request, VersionExportRequest)
    document = await _version(request)
    require_match(request, lambda: versions.view(document, API))
    if not document.images:
        raise conflict("The version has no image: there is nothing to export.")
    done = await in_thread(freeze.exported, document.dataset, document.number, wanted.format)
    if done is not None:
        return json_response(done)
    await in_thread(quotas.check_stored, caller(request).tenant, document.bytes)
    task = VersionExportTask(
        owner=caller(request).tenant, dataset=document.dataset, version=document.number, format=wanted.format
    )
    instance = f"{document.dataset}-v{document.number}-{wanted.format}"
    if not await is_alive(client, instance):
        await restart(client, "export_version", task, instance)
    return Response(
        status_code=202, headers={"location": f"{API}/datasets/{document.dataset}/versions/{document.number}/exports"}
    )


@routes.operation("GET", PATH + "/{version}/exports/{format}/link", role="viewer", query=LinkQuery, answers={200: Link})
async def link_version_export(request: Request) -> Response:
    """A short-lived download link for one file of a version's export; `file` as for the dataset's."""
    from shared.steps import freeze

    query = asked(request, LinkQuery)
    document = await _version(request)
    found = await in_thread(freeze.exports, document.dataset, document.number)
    folder = VersionFolder(document.dataset, document.number)
    return await linked(request, query, found, folder, f"{document.dataset[:8]}-v{document.number}")
