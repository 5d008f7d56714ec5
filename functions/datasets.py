"""Datasets over HTTP: create, list, look at, cancel, delete."""

import asyncio
import re

import azure.durable_functions as df
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from functions.durable import start_soon, stop
from functions.http import API, Flag, PageQuery, Query, asked, in_thread, json_body, json_response
from functions.notify import notify_soon
from functions.operations import Blueprint
from functions.preconditions import matching
from functions.stages.conditional import unchanged
from functions.stages.idempotency import new_id
from functions.stages.identify import caller
from shared import creation, datasets, pulse, usage
from shared.dataset_request import DatasetRequest
from shared.documents import FINAL, RUNNING, DatasetDocument, State
from shared.estimate import Estimate
from shared.problems import conflict, invalid_body, not_found
from shared.settings import settings
from shared.steps import lifecycle
from shared.tasks import Task
from shared.telemetry.fields import bind
from shared.uploads import check_uploads
from shared.views import DatasetLine, DatasetList, DatasetView, dataset_tag, line, view

routes = Blueprint("datasets")
bp = routes.bp

_ID = re.compile(r"[0-9a-f]{32}")


def dataset_id(request: Request) -> str:
    """The id in the path; `ProblemError` 404 when it cannot be one, before any store is asked."""
    text = str(request.path_params["dataset"])
    if not _ID.fullmatch(text):
        raise not_found("dataset")
    return text


class CreateQuery(Query):
    """Whether to make the dataset."""

    dry_run: Flag = Field(default=False, description="check all, answer with the plan and its cost, store nothing")


@routes.operation(
    "POST",
    "v1/datasets",
    role="editor",
    query=CreateQuery,
    body=DatasetRequest,
    answers={202: DatasetLine, 200: Estimate},
    problems=(403, 429),
    action="dataset.create",
    durable=True,
)
async def create_dataset(request: Request, client: df.DurableFunctionsClient) -> Response:
    """Check the request, store the dataset, start building it: 202 and where to watch.

    With `dry_run=true` nothing is stored: 200 and what the build would search, fetch, store and cost.
    Over a quota: 429 `too-many-builds`, which passes when a build ends; 403 `quota-exceeded`, which does not.
    """
    principal = caller(request)
    dry_run = asked(request, CreateQuery).dry_run
    body = await json_body(request, DatasetRequest)
    spec = body.spec()
    if "sample" in spec.sources and not settings().sample_url:
        raise invalid_body(
            [(("sources",), "`sample` needs a gallery, and none is configured: set PIXCRAWLER_SAMPLE_URL")]
        )
    if spec.url_list:
        await _check_url_list(principal.tenant, spec.url_list)
    if spec.uploads:
        await in_thread(check_uploads, principal.tenant, spec.uploads)
    document = DatasetDocument(
        id=new_id(request), owner=principal.tenant, name=spec.name, spec=spec, max_cost=body.max_cost
    )
    if dry_run:
        return json_response(await in_thread(creation.rehearse, document))
    document = await creation.create(document)
    bind(dataset=document.id)
    task = Task(owner=principal.tenant, dataset=document.id)
    await start_soon(client, "build_dataset", task, document.id)
    return json_response(line(document, API), 202, location=f"{API}/datasets/{document.id}")


async def _check_url_list(owner: str, url_list: str) -> None:
    from shared.steps import upload

    if not await in_thread(upload.url_list_exists, owner, url_list):
        message = "there is no uploaded list of that id: POST it to /api/v1/url-lists first"
        raise invalid_body([(("url_list",), message)])


class ListQuery(PageQuery):
    """A page of datasets."""

    state: State | None = Field(default=None, description="only datasets in this state")


@routes.operation("GET", "v1/datasets", role="viewer", query=ListQuery, answers={200: DatasetList})
async def list_datasets(request: Request) -> Response:
    """A page of datasets, newest first; `state` filters, `limit` and `cursor` page."""
    principal = caller(request)
    query = asked(request, ListQuery)
    found = await in_thread(datasets.page, principal.tenant, state=query.state, size=query.limit, cursor=query.cursor)
    return json_response(DatasetList(datasets=tuple(line(one, API) for one in found.items), next=found.cursor))


@routes.operation("GET", "v1/datasets/{dataset}", role="viewer", answers={200: DatasetView})
async def get_dataset(request: Request) -> Response:
    """One dataset with its live progress."""
    dataset = dataset_id(request)
    # The versions are read before what they are versions of: an answer may be newer than its tag, never older.
    document, parts = await asyncio.gather(
        in_thread(datasets.get, caller(request).tenant, dataset), in_thread(pulse.version, dataset)
    )
    etag = dataset_tag(document, parts)
    return unchanged(request, {"etag": etag}) or json_response(await in_thread(shown, document), etag=etag)


def shown(document: DatasetDocument) -> DatasetView:
    """What a GET answers."""
    return view(document, API)


def tagged(document: DatasetDocument) -> str:
    """The tag of what a GET answers: what If-Match is compared with."""
    return dataset_tag(document, pulse.version(document.id))


@routes.operation(
    "POST",
    "v1/datasets/{dataset}/cancel",
    role="editor",
    answers={200: DatasetView},
    problems=(409, 412),
    action="dataset.cancel",
    durable=True,
)
async def cancel_dataset(request: Request, client: df.DurableFunctionsClient) -> Response:
    """Stop building and keep what is there; 409 when there is nothing to stop."""
    principal = caller(request)
    dataset = dataset_id(request)

    def edit(document: DatasetDocument) -> DatasetDocument:
        if document.state == "deleting":
            raise not_found("dataset")
        if document.state not in RUNNING:
            raise conflict(f"The dataset is {document.state}: there is nothing left to cancel.")
        return document.moved("cancelled")

    document = await in_thread(datasets.change, principal.tenant, dataset, matching(request, tagged, edit))
    if document is None:
        raise not_found("dataset")
    await in_thread(usage.measure, principal.tenant, dataset)
    await stop(client, dataset, "cancelled")
    await notify_soon(client, principal.tenant, dataset)
    return json_response(await in_thread(shown, document))


@routes.operation(
    "DELETE",
    "v1/datasets/{dataset}",
    role="editor",
    answers={202: None},
    problems=(412,),
    action="dataset.delete",
    durable=True,
)
async def delete_dataset_request(request: Request, client: df.DurableFunctionsClient) -> Response:
    """Remove a dataset, built or not: out of sight at once (202), its parts by an orchestration."""
    principal = caller(request)
    dataset = dataset_id(request)
    before = await in_thread(datasets.get, principal.tenant, dataset)
    await in_thread(datasets.change, principal.tenant, dataset, matching(request, tagged, lifecycle.deleting))
    if before.state not in FINAL:
        await stop(client, dataset, "deleted")
    task = Task(owner=principal.tenant, dataset=dataset)
    await start_soon(client, "delete_dataset", task, f"{dataset}-delete")
    return Response(status_code=202)
