"""Datasets over HTTP: create, list, look at, cancel, delete."""

import re
import uuid
from typing import cast

import azure.durable_functions as df
import azure.functions as func
from starlette.requests import Request
from starlette.responses import Response

from builder.spec import DatasetSpec
from functions.durable import start_soon, stop
from functions.http import API, answers, choice, in_thread, json_body, json_response, page_size
from shared import datasets
from shared.access import authorize
from shared.documents import FINAL, RUNNING, DatasetDocument, State
from shared.problems import conflict, invalid_body, not_found
from shared.settings import settings
from shared.steps import lifecycle
from shared.tasks import Task
from shared.views import DatasetList, line, view

bp = df.Blueprint(http_auth_level=func.AuthLevel.ANONYMOUS)  # who may do what is decided in shared.access

_ID = re.compile(r"[0-9a-f]{32}")


def dataset_id(request: Request) -> str:
    """The id in the path; `ProblemError` 404 when it cannot be one, before any store is asked."""
    text = str(request.path_params["dataset"])
    if not _ID.fullmatch(text):
        raise not_found("dataset")
    return text


@bp.route("v1/datasets", methods=["POST"], trigger_arg_name="request")
@bp.durable_client_input(client_name="client")
@answers
async def create_dataset(request: Request, client: df.DurableFunctionsClient) -> Response:
    """Check the request, store the dataset, start building it: 202 and where to watch."""
    principal = await authorize(request, "create")
    spec = await json_body(request, DatasetSpec)
    if "sample" in spec.sources and not settings().sample_url:
        raise invalid_body(
            [(("sources",), "`sample` needs a gallery, and none is configured: set PIXCRAWLER_SAMPLE_URL")]
        )
    if spec.url_list:
        await _check_url_list(principal.owner, spec.url_list)
    document = DatasetDocument(id=uuid.uuid4().hex, owner=principal.owner, name=spec.name, spec=spec)
    await in_thread(datasets.create, document)
    task = Task(owner=principal.owner, dataset=document.id)
    await start_soon(client, "build_dataset", task, document.id)
    return json_response(line(document, API), 202, location=f"{API}/datasets/{document.id}")


async def _check_url_list(owner: str, url_list: str) -> None:
    from shared.steps import upload

    if not await in_thread(upload.url_list_exists, owner, url_list):
        message = "there is no uploaded list of that id: POST it to /api/v1/url-lists first"
        raise invalid_body([(("url_list",), message)])


@bp.route("v1/datasets", methods=["GET"], trigger_arg_name="request")
@answers
async def list_datasets(request: Request) -> Response:
    """A page of datasets, newest first; `state` filters, `limit` and `cursor` page."""
    principal = await authorize(request, "read")
    state = cast("State | None", choice(request, "state", State))
    found = await in_thread(
        datasets.page, principal.owner, state=state, size=page_size(request), cursor=request.query_params.get("cursor")
    )
    return json_response(DatasetList(datasets=tuple(line(one, API) for one in found.items), next=found.cursor))


@bp.route("v1/datasets/{dataset}", methods=["GET"], trigger_arg_name="request")
@answers
async def get_dataset(request: Request) -> Response:
    """One dataset with its live progress."""
    principal = await authorize(request, "read")
    document = await in_thread(datasets.get, principal.owner, dataset_id(request))
    return json_response(await in_thread(view, document, API))


@bp.route("v1/datasets/{dataset}/cancel", methods=["POST"], trigger_arg_name="request")
@bp.durable_client_input(client_name="client")
@answers
async def cancel_dataset(request: Request, client: df.DurableFunctionsClient) -> Response:
    """Stop building and keep what is there; 409 when there is nothing to stop."""
    principal = await authorize(request, "change")
    dataset = dataset_id(request)

    def edit(document: DatasetDocument) -> DatasetDocument:
        if document.state == "deleting":
            raise not_found("dataset")
        if document.state not in RUNNING:
            raise conflict(f"The dataset is {document.state}: there is nothing left to cancel.")
        return document.moved("cancelled")

    document = await in_thread(datasets.change, principal.owner, dataset, edit)
    if document is None:
        raise not_found("dataset")
    await stop(client, dataset, "cancelled")
    return json_response(await in_thread(view, document, API))


@bp.route("v1/datasets/{dataset}", methods=["DELETE"], trigger_arg_name="request")
@bp.durable_client_input(client_name="client")
@answers
async def delete_dataset_request(request: Request, client: df.DurableFunctionsClient) -> Response:
    """Remove a dataset, built or not: out of sight at once (202), its parts by an orchestration."""
    principal = await authorize(request, "delete")
    dataset = dataset_id(request)
    before = await in_thread(datasets.get, principal.owner, dataset)
    await in_thread(lifecycle.mark_deleting, principal.owner, dataset)
    if before.state not in FINAL:
        await stop(client, dataset, "deleted")
    task = Task(owner=principal.owner, dataset=dataset)
    await start_soon(client, "delete_dataset", task, f"{dataset}-delete")
    return Response(status_code=202)
