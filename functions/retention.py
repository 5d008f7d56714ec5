"""Retention: how long a dataset is kept, over HTTP; and the timer that sees to it."""

import logging
from datetime import datetime

import azure.durable_functions as df
import azure.functions as func
from durabletask.task import OrchestrationContext
from starlette.requests import Request
from starlette.responses import Response

from functions.activities import Json
from functions.build import RETRY, Steps
from functions.datasets import dataset_id, shown, tagged
from functions.durable import HISTORY, forget_ended, revive, start_soon
from functions.http import in_thread, json_body, json_response
from functions.operations import Blueprint
from functions.preconditions import matching
from functions.seen import seen
from functions.stages.audit import note
from functions.stages.identify import caller
from shared import datasets
from shared.documents import DatasetDocument, DatasetHead, Retention, now
from shared.problems import not_found
from shared.retention import RetentionRequest, due, retention_of
from shared.tasks import Task
from shared.views import DatasetView

log = logging.getLogger(__name__)
routes = Blueprint("datasets")
bp = routes.bp


@routes.operation(
    "PUT",
    "v1/datasets/{dataset}/retention",
    role="editor",
    body=RetentionRequest,
    answers={200: DatasetView},
    problems=(412,),
    action="dataset.retain",
)
async def put_retention(request: Request) -> Response:
    """Say how long a dataset is kept after its build has ended, and what becomes of it then.

    `then` is `delete`, or `cool`: its files move to the cool access tier, where they can be read as before. A dataset
    without retention of its own has the service's; `expires` says when it takes effect. Looked at once a day.
    """
    principal = caller(request)
    dataset = dataset_id(request)
    wanted = await json_body(request, RetentionRequest)

    def edit(document: DatasetDocument) -> DatasetDocument:
        if document.state == "deleting":
            raise not_found("dataset")
        return document.model_copy(update={"retention": Retention(days=wanted.days, then=wanted.then), "cooled": None})

    document = await in_thread(datasets.change, principal.tenant, dataset, matching(request, tagged, edit))
    if document is None:
        raise not_found("dataset")
    note(request, days=wanted.days or "for ever", then=wanted.then)
    return json_response(await in_thread(shown, document))


@bp.timer_trigger(arg_name="timer", schedule="0 30 3 * * *")
@bp.durable_client_input(client_name="client")
@seen
async def retain(timer: func.TimerRequest, client: df.DurableFunctionsClient) -> None:
    """Once a day: datasets, uploads and histories whose time is over."""
    await retain_all(client, now())


async def retain_all(client: df.DurableFunctionsClient, at: datetime) -> None:
    """See to everything whose time is over at that moment; what fails is left to the next day."""
    from shared.steps import retain as steps

    for head in await in_thread(due, at):
        try:
            await _retain(client, head, at)
        except Exception:  # the others must not wait for it
            log.exception("the time of dataset %s is over, and nothing can be done about it now", head.id)
    gone = await in_thread(steps.expire_uploads, at)
    log.info("%d uploads and exports were removed: their time was over", gone)
    try:
        await forget_ended(client, at - HISTORY)
    except Exception:
        log.exception("histories of what has ended cannot be removed now")


async def _retain(client: df.DurableFunctionsClient, head: DatasetHead, at: datetime) -> None:
    from shared.steps import retain as steps

    task = Task(owner=head.owner, dataset=head.id)
    if retention_of(head).then == "cool":
        await revive(client, "cool_dataset", task, f"{head.id}-cool")
    elif await in_thread(steps.expire, head.owner, head.id, at):
        await start_soon(client, "delete_dataset", task, f"{head.id}-delete")


@bp.orchestration_trigger(context_name="context")
def cool_dataset(context: OrchestrationContext, request: dict[str, object]) -> Steps:
    """Move a dataset to the cool tier. Input: a `Task`."""
    yield context.call_activity("cool_files", input=request, retry_policy=RETRY)


@bp.activity_trigger(input_name="request")
@seen
def cool_files(request: Json) -> None:
    """Move a dataset's files to the cool tier. Input `Task`."""
    from shared.steps import retain as steps

    steps.cool(Task.model_validate(request))
