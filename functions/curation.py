"""Changing datasets that are built: curating images, searching again, merging."""

import azure.durable_functions as df
from starlette.requests import Request
from starlette.responses import Response

from functions.datasets import dataset_id, tagged
from functions.durable import start_again, start_soon
from functions.http import API, in_thread, json_body, json_response
from functions.operations import Blueprint
from functions.preconditions import check_match
from functions.stages.idempotency import new_id
from functions.stages.identify import caller
from shared import curation, datasets, renewal
from shared.tasks import Task
from shared.views import DatasetLine, line, links

routes = Blueprint("curation")
bp = routes.bp


@routes.operation(
    "POST",
    "v1/datasets/{dataset}/images/actions",
    role="editor",
    body=curation.ImageAction,
    answers={200: curation.Curated, 202: curation.Curated},
    problems=(409, 412),
    action="dataset.curate",
    durable=True,
)
async def curate_images(request: Request, client: df.DurableFunctionsClient) -> Response:
    """Relabel, reject or accept images.

    By key, or by a filter. 202 when something changed: the dataset is brought up to date (splits, manifest, card,
    exports), once for all actions that come while it says that it is building; 200 when nothing did. 409 while images
    are still being collected.
    """
    principal = caller(request)
    dataset = dataset_id(request)
    order = await json_body(request, curation.ImageAction)
    document = await in_thread(datasets.get, principal.tenant, dataset)
    curation.check_state(document)
    as_seen = check_match(request, tagged)
    await in_thread(as_seen, document)
    outcome = await in_thread(curation.weigh, document, order, principal.subject)
    if outcome.changed:
        document, ended = await in_thread(curation.apply, document, order, principal.subject, outcome, as_seen)
        if ended:
            await start_again(client, "build_dataset", Task(owner=principal.tenant, dataset=dataset), dataset)
    told = curation.Curated(
        action=order.action,
        changed=outcome.changed,
        unchanged=outcome.unchanged,
        not_found=outcome.not_found,
        not_possible=outcome.not_possible,
        remaining=outcome.remaining,
        state=document.state,
        links=links(dataset, API),
    )
    return json_response(told, 202 if outcome.changed else 200)


@routes.operation(
    "POST",
    "v1/datasets/{dataset}/refresh",
    role="editor",
    body=renewal.Refresh,
    answers={202: DatasetLine},
    problems=(409, 412),
    action="dataset.refresh",
    durable=True,
)
async def refresh_dataset(request: Request, client: df.DurableFunctionsClient) -> Response:
    """Search again, for images that the dataset has not seen yet.

    Its images stay, with their keys and splits. `images_per_label` is what each label is to have from now on; without
    it, labels are searched that have fewer than they were to have.
    """
    principal = caller(request)
    dataset = dataset_id(request)
    wanted = await json_body(request, renewal.Refresh)
    document = await in_thread(renewal.refresh, principal.tenant, dataset, wanted, check_match(request, tagged))
    await start_again(client, "build_dataset", Task(owner=principal.tenant, dataset=dataset), dataset)
    return json_response(line(document, API), 202, location=f"{API}/datasets/{dataset}")


@routes.operation(
    "POST",
    "v1/datasets/merge",
    role="editor",
    body=renewal.MergeRequest,
    answers={202: DatasetLine},
    problems=(404, 409),
    action="dataset.merge",
    durable=True,
)
async def merge_datasets(request: Request, client: df.DurableFunctionsClient) -> Response:
    """Make a new dataset of the images of others.

    Images are copied, not fetched again; deduplicated across the datasets and split anew. Each row's `origin` says
    where it comes from.
    """
    principal = caller(request)
    wanted = await json_body(request, renewal.MergeRequest)
    document = await in_thread(renewal.merge, principal.tenant, new_id(request), wanted)
    await start_soon(client, "build_dataset", Task(owner=principal.tenant, dataset=document.id), document.id)
    return json_response(line(document, API), 202, location=f"{API}/datasets/{document.id}")
