"""Take-downs as an orchestration: every dataset of a tenant is looked at, some at a time, and again after its build."""

from collections.abc import Generator
from datetime import timedelta
from itertools import batched
from typing import Any

import azure.durable_functions as df
from durabletask.task import OrchestrationContext, when_all

from functions.activities import Json
from functions.build import RETRY
from functions.durable import start_once
from functions.seen import seen
from shared.takedowns import TakedownDocument
from shared.tasks import SweepPage, SweepTask, Swept, TakedownSay, TakedownTask

bp = df.Blueprint()

AT_ONCE = 8


async def start(client: df.DurableFunctionsClient, document: TakedownDocument) -> None:
    """Remove what the entry covers; nothing happens if that was begun."""
    task = TakedownTask(owner=document.owner, takedown=document.id, created=document.created)
    await start_once(client, "take_down", task, task.instance)


@bp.orchestration_trigger(context_name="context")
def take_down(context: OrchestrationContext, request: dict[str, Any]) -> Generator[Any, Any, Any]:
    """One page of datasets; then the next as a new execution, or the next thing to do. Input: a `TakedownTask`.

    First it is learned which pictures the entry means, so that copies in datasets that come earlier go too. Then
    everything is removed that is there. After as long as a process may not have heard of the entry, datasets that have
    been built since are looked at again, until none is being built any more.
    """
    task = TakedownTask.model_validate(request)
    given = yield context.call_activity("takedown_page", input=_json(task), retry_policy=RETRY)
    if given is None:
        return
    page = SweepPage.model_validate(given)
    learning = page.learns and not task.learned
    running = task.running
    for names in batched(page.datasets, AT_ONCE, strict=False):
        step = "learn_takedown" if learning else "sweep_dataset"
        tasks = [_json(SweepTask(**task.model_dump(), dataset=name)) for name in names]
        done = yield when_all([context.call_activity(step, input=one, retry_policy=RETRY) for one in tasks])
        running = running or (not learning and any(Swept.model_validate(one).running for one in done))
    if page.after is not None:
        update: dict[str, object] = {"after": page.after, "running": running}
    elif learning:
        update = {"after": "", "running": False, "learned": True}
    elif task.again and not running:
        yield from _say(context, task, "done")
        return
    else:
        if not task.again:
            yield context.call_activity("sweep_uploads", input=_json(task), retry_policy=RETRY)
            yield from _say(context, task, "waiting")
        yield context.create_timer(timedelta(seconds=page.pause))
        update = {"after": "", "running": False, "learned": True, "again": True}
    context.continue_as_new(_json(task.model_copy(update=update)))


def _say(context: OrchestrationContext, task: TakedownTask, state: str) -> Generator[Any, Any, Any]:
    said = TakedownSay.model_validate({**task.model_dump(), "state": state})
    yield context.call_activity("say_takedown", input=_json(said), retry_policy=RETRY)


def _json(task: TakedownTask) -> dict[str, Any]:
    return task.model_dump(mode="json")


@bp.activity_trigger(input_name="request")
@seen
def takedown_page(request: Json) -> dict[str, Any] | None:
    """The next datasets. Input `TakedownTask`; output `SweepPage`, None when there is nothing more to do."""
    from shared.steps import takedown

    found = takedown.page(TakedownTask.model_validate(request))
    return None if found is None else found.model_dump(mode="json")


@bp.activity_trigger(input_name="request")
@seen
def learn_takedown(request: Json) -> None:
    """Learn which pictures of a dataset are meant. Input `SweepTask`."""
    from shared.steps import takedown

    takedown.learn(SweepTask.model_validate(request))


@bp.activity_trigger(input_name="request")
@seen
def sweep_dataset(request: Json) -> dict[str, Any]:
    """Remove pictures from a dataset. Input `SweepTask`; output `Swept`."""
    from shared.steps import takedown

    return takedown.sweep(SweepTask.model_validate(request)).model_dump(mode="json")


@bp.activity_trigger(input_name="request")
@seen
def sweep_uploads(request: Json) -> None:
    """Remove pictures from uploads. Input `TakedownTask`."""
    from shared.steps import takedown

    takedown.sweep_uploads(TakedownTask.model_validate(request))


@bp.activity_trigger(input_name="request")
@seen
def say_takedown(request: Json) -> None:
    """Say how far it is. Input `TakedownSay`."""
    from shared.steps import takedown

    said = TakedownSay.model_validate(request)
    takedown.say(said, said.state)
