"""The orchestrators: a dataset, its labels, its deletion. They decide from what activities return, nothing else.

An instance keeps the version that host.json named when it was started (docs/operations.md says how a change is
shipped). Parts get their parent's, by name: the worker would start them with none.
"""

from collections.abc import Generator, Iterable
from datetime import timedelta
from itertools import batched
from typing import Any

import azure.durable_functions as df
from durabletask.task import OrchestrationContext, RetryPolicy, TaskFailedError, when_all, when_any
from durabletask.task import Task as Work

from shared.tasks import (
    LATE_SHARDS_TOGETHER,
    Collected,
    CollectPageTask,
    CollectTask,
    ExportTask,
    FailTask,
    FetchTask,
    Gathered,
    LateTask,
    Outline,
    PageTask,
    Searched,
    SearchTask,
    Task,
    WantedPage,
    shards_a_fetch,
)

bp = df.Blueprint()

RETRY = RetryPolicy(first_retry_interval=timedelta(seconds=1), max_number_of_attempts=4, backoff_coefficient=3.0)
MAX_PASSES = 5
"""How often labels that lost images to other labels' duplicates collect again."""
Steps = Generator[Any, Any, Any]


def shard_event(label: str, number: int) -> str:
    """The event that says that a shard has been validated."""
    return f"shard-{label}-{number}"


@bp.orchestration_trigger(context_name="context")
def build_dataset(context: OrchestrationContext, request: dict[str, Any]) -> Steps:
    """Build one dataset to the end. Input: a `Task`. Output: the state it ended in."""
    task = Task.model_validate(request)
    try:
        ended = yield from _build(context, task)
    except TaskFailedError as error:
        message = error.details.message
        yield context.call_activity(
            "fail_build", input=FailTask(**task.model_dump(), message=message).model_dump(), retry_policy=RETRY
        )
        ended = "failed"
    if ended not in ("stopped", "building"):
        yield from _notify(context, request)
    return ended


def _notify(context: OrchestrationContext, request: dict[str, Any]) -> Steps:
    try:
        yield context.call_activity("notify", input=request, retry_policy=RETRY)
    except TaskFailedError:
        return  # the document says that nobody was told: `reconcile` does it


def _build(context: OrchestrationContext, task: Task) -> Steps:
    base = task.model_dump()
    planned = yield context.call_activity("plan_build", input=base, retry_policy=RETRY)
    if planned is None:
        return "stopped"
    plan = Outline.model_validate(planned)
    if plan.merge:
        gathered = yield context.call_activity("gather_images", input=base, retry_policy=RETRY)
        copies = [one.model_dump() for one in Gathered.model_validate(gathered).tasks(task)]
        yield from _all(context.call_activity("copy_images", input=one, retry_policy=RETRY) for one in copies)
    pages = plan.pages
    rounds: dict[int, dict[str, int]] = {}
    for number in range(1, MAX_PASSES + 1):
        collecting: list[Work[Any]] = [
            context.call_sub_orchestrator(
                "collect_labels",
                input=CollectPageTask(
                    **base,
                    page=page,
                    number=number,
                    rounds=rounds.get(page, {}),
                    max_rounds=plan.max_rounds,
                    shard_wait_seconds=plan.shard_wait_seconds,
                ).model_dump(),
                instance_id=f"{task.dataset}_{page}_{number}",  # no label's: slugs have no underscores
                version=context.version,
            )
            for page in pages
        ]
        for page, after in zip(pages, (yield from _all(collecting)), strict=True):
            rounds[page] = rounds.get(page, {}) | after
        pages = tuple((yield context.call_activity("deduplicate", input=base, retry_policy=RETRY)))
        if not pages or not plan.pages:
            break
    yield context.call_activity("assemble", input=base, retry_policy=RETRY)
    exports = [ExportTask(**base, format=name).model_dump() for name in plan.exports]
    yield from _all(context.call_activity("export", input=one, retry_policy=RETRY) for one in exports)
    state = yield context.call_activity("finish_build", input=base, retry_policy=RETRY)
    if state == "building":  # people changed rows meanwhile: once more, with a history of its own
        context.continue_as_new(base)
    return state


def _all(works: Iterable[Work[Any]]) -> Steps:
    """Wait for all of them; there may be none."""
    waiting = list(works)
    return (yield when_all(waiting)) if waiting else []


@bp.orchestration_trigger(context_name="context")
def collect_labels(context: OrchestrationContext, request: dict[str, Any]) -> Steps:
    """Collect the labels of one page at the same time.

    A history for each page, because every label that ends replays the history in which it is waited for.
    Input: a `CollectPageTask`. Output: label -> the round in which it would go on.
    """
    task = CollectPageTask.model_validate(request)
    base = Task(owner=task.owner, dataset=task.dataset, traceparent=task.traceparent).model_dump()
    asked = PageTask(**base, page=task.page).model_dump()
    wanted = WantedPage.model_validate((yield context.call_activity("wanted_page", input=asked, retry_policy=RETRY)))
    collecting: list[Work[Any]] = []
    for label, need in wanted.needs.items():
        first = wanted.rounds.get(label, 1)
        one = CollectTask(
            **base,
            label=label,
            need=need,
            round=task.rounds.get(label, first),
            max_rounds=first - 1 + task.max_rounds,
            shard_wait_seconds=task.shard_wait_seconds,
        )
        instance = f"{task.dataset}-{label}-{task.number}"
        collecting.append(
            context.call_sub_orchestrator(
                "collect_label", input=one.model_dump(), instance_id=instance, version=context.version
            )
        )
    collected = [Collected.model_validate(result) for result in (yield from _all(collecting))]
    return {one.label: one.round for one in collected}


@bp.orchestration_trigger(context_name="context")
def collect_label(context: OrchestrationContext, request: dict[str, Any]) -> Steps:
    """One round for one label: search, fetch, wait until validated; then the next round as a new execution.

    Input: a `CollectTask`. Output: a `Collected`.
    """
    task = CollectTask.model_validate(request)
    base = Task(owner=task.owner, dataset=task.dataset, traceparent=task.traceparent).model_dump() | {
        "label": task.label
    }
    search = SearchTask(**base, need=task.need, round=task.round)
    found = Searched.model_validate(
        (yield context.call_activity("search", input=search.model_dump(), retry_policy=RETRY))
    )
    if found.stopped:
        return Collected(label=task.label, round=task.round, dry=True).model_dump()
    if found.count:
        yield from _fetch_and_validate(context, base | {"round": task.round}, found, task.shard_wait_seconds)
    kept = yield context.call_activity("count_kept", input=search.model_dump(), retry_policy=RETRY)
    if found.dry or kept >= task.need or task.round >= task.max_rounds:
        dry = found.dry or task.round >= task.max_rounds
        return Collected(label=task.label, round=task.round + 1, dry=dry).model_dump()
    context.continue_as_new(task.model_copy(update={"round": task.round + 1}).model_dump(), save_events=True)
    return None


def _fetch_and_validate(
    context: OrchestrationContext, base: dict[str, Any], found: Searched, wait_seconds: int
) -> Steps:
    together = shards_a_fetch(found.count)
    end = found.first + found.count
    fetches = [
        FetchTask(**base, first=first, count=min(together, end - first), instance=context.instance_id)
        for first in range(found.first, end, together)
    ]
    shards = [shard for fetch in fetches for shard in fetch.shards()]
    events = {shard.number: context.wait_for_external_event(shard_event(shard.label, shard.number)) for shard in shards}
    fetched = yield when_all(
        [context.call_activity("fetch_shards", input=fetch.model_dump(), retry_policy=RETRY) for fetch in fetches]
    )
    outcomes = [outcome for some in fetched for outcome in some]
    # A raw shard that an earlier life of this build left may have had its trigger already: nothing is waited for.
    late = [shard for shard, outcome in zip(shards, outcomes, strict=True) if outcome == "found"]
    awaited = [shard for shard, outcome in zip(shards, outcomes, strict=True) if outcome == "fetched"]
    if awaited:
        timer = context.create_timer(timedelta(seconds=wait_seconds))
        validated = when_all([events[shard.number] for shard in awaited])
        if (yield when_any([validated, timer])) is validated:
            timer.cancel()
        else:
            late += [shard for shard in awaited if not events[shard.number].is_complete]
    batches = [
        LateTask(**base, numbers=tuple(shard.number for shard in some), instance=context.instance_id)
        for some in batched(late, LATE_SHARDS_TOGETHER, strict=False)
    ]
    yield from _all(
        context.call_activity("validate_late_shards", input=one.model_dump(mode="json"), retry_policy=RETRY)
        for one in batches
    )


@bp.orchestration_trigger(context_name="context")
def delete_dataset(context: OrchestrationContext, request: dict[str, Any]) -> Steps:
    """Say that a dataset goes and remove all of it: now, and again when steps under way have ended. Input: a `Task`."""
    yield from _notify(context, request)
    yield context.call_activity("erase_parts", input=request, retry_policy=RETRY)
    settle = yield context.call_activity("settle_seconds", input=request, retry_policy=RETRY)
    yield context.create_timer(timedelta(seconds=settle))
    yield context.call_activity("erase_dataset", input=request, retry_policy=RETRY)


@bp.orchestration_trigger(context_name="context")
def export_version(context: OrchestrationContext, request: dict[str, Any]) -> Steps:
    """Write one export of a frozen version. Input: a `VersionExportTask`."""
    yield context.call_activity("write_version_export", input=request, retry_policy=RETRY)
