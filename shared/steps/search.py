"""Step `search`: one round of asking a label's sources, cut into shards of candidates."""

import logging
import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from builder.links import url_key
from builder.rounds import (
    SHARD_SIZE,
    Failure,
    SearchState,
    candidates_to_ask_for,
    search_again,
    search_round,
    start_search,
)
from builder.rows import Candidate
from shared import shards
from shared.blobs import BlobFolder, dataset_folder, url_lists
from shared.documents import SearchDocument, SourceFigures, search_id
from shared.settings import settings
from shared.steps import dedupe, lifecycle
from shared.steps.plan import PlanFile, read_plan
from shared.tasks import Searched, SearchTask
from shared.telemetry import metrics
from shared.upload_files import read_index

if TYPE_CHECKING:
    from builder.engines import Engine
    from builder.uploaded import UploadedImage
    from builder.urls import UrlRow

log = logging.getLogger(__name__)


class RoundFile(BaseModel):
    """`candidates/{label}-{round}.json`: what the round found, and where each source stands after it."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    candidates: tuple[Candidate, ...]
    state: SearchState


@lifecycle.tidied
def search(task: SearchTask) -> Searched:
    """Search unless this round was done before: its document is written last, its file must still be there."""
    name = search_id(task.label, task.round)
    document = shards.find_search(task.dataset, name)
    if not lifecycle.enter(task, "collecting"):
        return Searched(stopped=True)
    if document is None or not dataset_folder(task.dataset).exists(_file(task.label, task.round)):
        document = _search(task, name)
        shards.put(document)
    # Where a later search began anew, a build that goes the whole way once more goes on.
    again = (task.round + 1) in read_plan(dataset_folder(task.dataset)).starts(task.label)
    return Searched(first=document.first_shard, count=document.shards, dry=document.dry and not again)


def _search(task: SearchTask, name: str) -> SearchDocument:
    folder = dataset_folder(task.dataset)
    plan = read_plan(folder)
    label = plan.spec.label(task.label)
    engines = _engines(plan)
    before = shards.find_search(task.dataset, search_id(task.label, task.round - 1))
    first_shard = before.end_shard if before else 0
    queries = plan.queries[task.label]
    if before is None:
        state = start_search(engines, queries, label.name)
    else:
        state = _read_round(folder, task.label, task.round - 1).state
        if task.round in plan.starts(task.label):
            state = search_again(engines, queries, label.name, state)
    known = set(state.failures)
    counted = None if task.round in plan.starts(task.label) else before  # people may have changed rows since
    want = _within_cost(task, plan, _want(task, plan, first_shard, counted))
    candidates: tuple[Candidate, ...] = ()
    after = state
    if want:
        candidates, after = search_round(engines, state, want, _seen(folder, task), label.name)
    let_in = _within_cost(task, plan, len(candidates), found=True) if candidates else 0
    over_cost = not want or let_in < len(candidates)
    candidates = candidates[:let_in]
    asked = {one.name for one in engines if one.takes_queries}  # lists are callers' own
    for failure in set(after.failures) - known:
        if failure.engine not in asked or failure.kind == "not_configured":
            continue  # somebody is told of engines that fail: what nobody set up, or gave us, is no failure of theirs
        metrics.ENGINE_ERRORS.record(1, {"engine": failure.engine, "kind": failure.kind})
    for source, number in Counter(one.engine for one in candidates).items():
        metrics.ENGINE_CANDIDATES.record(number, {"engine": source})
    found = RoundFile(candidates=candidates, state=after)
    folder.write(_file(task.label, task.round), found.model_dump_json(exclude_defaults=True).encode())
    return SearchDocument(
        id=name,
        dataset=task.dataset,
        label=task.label,
        round=task.round,
        first_shard=first_shard,
        shards=math.ceil(len(candidates) / SHARD_SIZE),
        found=len(candidates),
        dry=after.dry or not want,
        over_cost=over_cost,
        sources=_figures(plan, found),
    )


def _want(task: SearchTask, plan: PlanFile, first_shard: int, counted: SearchDocument | None) -> int:
    """Candidates to ask for. `counted` is the round before this one, whose end may have been counted already.

    Only earlier rounds count: a round that is searched again must ask for as many as it did before.
    """
    most = settings().max_shards_per_round
    if counted is not None and counted.kept is not None and counted.tried is not None:
        return candidates_to_ask_for(task.need, counted.kept, counted.tried, most)
    earlier = [one for one in shards.documents(task.dataset, task.label) if one.number < first_shard]
    tried = sum(one.counts.candidates for one in earlier)
    kept = dedupe.distinct(earlier, plan.spec)
    return candidates_to_ask_for(task.need, kept, tried, most)


def _within_cost(task: SearchTask, plan: PlanFile, count: int, *, found: bool = False) -> int:
    """As many of this many candidates, wanted or found, as `max_cost` allows; 0 when it allows no more at all."""
    if plan.max_cost is None:
        return count
    from shared.spending import let_in

    granted = let_in(
        task.dataset,
        plan.spec,
        plan.max_cost,
        label=task.label,
        round_number=task.round,
        wanted=math.ceil(count / SHARD_SIZE),
        found=found,
    )
    return min(count, granted * SHARD_SIZE)


def read_candidates(folder: BlobFolder, label: str, round_number: int) -> tuple[Candidate, ...]:
    """The candidates of a round, in order."""
    return _read_round(folder, label, round_number).candidates


def _read_round(folder: BlobFolder, label: str, round_number: int) -> RoundFile:
    return RoundFile.model_validate_json(folder.read(_file(label, round_number)))


def _file(label: str, round_number: int) -> str:
    return f"candidates/{label}-{round_number:03}.json"


def _seen(folder: BlobFolder, task: SearchTask) -> set[str]:
    """Candidates that had their turn: those of a build that was stopped may never have been fetched."""
    done = {shard.number for shard in shards.summaries(task.dataset, task.label)}
    seen = set()
    for before in range(1, task.round):
        document = shards.find_search(task.dataset, search_id(task.label, before))
        first = document.first_shard if document else 0
        for place, one in enumerate(read_candidates(folder, task.label, before)):
            if first + place // SHARD_SIZE in done:
                seen.add(url_key(one.url))
    return seen


def _engines(plan: PlanFile) -> "list[Engine]":
    from builder.engines import EngineSettings, engine

    config = settings()
    ready = EngineSettings(
        proxy=config.search_proxy,
        ca_file=Path(config.search_ca_file) if config.search_ca_file else None,
        sample_url=config.sample_url,
        urls={label.name: label.urls for label in plan.spec.labels if label.urls},
        url_list=(lambda: _uploaded(plan)) if plan.spec.url_list else None,
        uploads=(lambda: _uploaded_images(plan)) if plan.spec.uploads else None,
        labels=tuple(label.name for label in plan.spec.labels),
    )
    return [engine(name, ready) for name in plan.spec.sources]


def _uploaded(plan: PlanFile) -> "Iterator[UrlRow]":
    from shared.steps.upload import read_url_list

    return read_url_list(url_lists(plan.owner), plan.spec.url_list or "")


def _uploaded_images(plan: PlanFile) -> "Iterator[UploadedImage]":
    """The images of all uploads, in the order that the request names them; of one that was deleted there are none."""
    for upload in plan.spec.uploads:
        try:
            yield from read_index(plan.owner, upload)
        except FileNotFoundError:
            log.warning("upload %s is not there any more", upload)


def _unmatched(plan: PlanFile) -> str | None:
    """A sentence on uploaded images that are of no label."""
    if not plan.spec.uploads:
        return None
    from builder.engines.uploads import unmatched

    return unmatched(_uploaded_images(plan), [label.name for label in plan.spec.labels])


def _figures(plan: PlanFile, found: RoundFile) -> tuple[SourceFigures, ...]:
    given = Counter(one.engine for one in found.candidates)
    failures = {failure.engine: failure for failure in found.state.failures}
    if "uploads" not in failures and (lost := _unmatched(plan)) is not None:
        failures["uploads"] = Failure(engine="uploads", kind="unmatched", message=lost)
    figures = []
    for source in plan.spec.sources:
        failure = failures.get(source)
        given_up = failure is not None and failure.given_up
        figures.append(
            SourceFigures(
                source=source,
                found=given[source],
                dry=given_up or all(cursor.dry for cursor in found.state.cursors if cursor.engine == source),
                error_kind=failure.kind if failure else None,
                error=failure.message if failure else None,
            )
        )
    return tuple(figures)
