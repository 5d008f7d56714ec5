"""Step `search`: one round of asking a label's sources, cut into shards of candidates."""

import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from builder.links import url_key
from builder.rounds import SHARD_SIZE, SearchState, candidates_to_ask_for, search_round, start_search
from builder.rows import Candidate
from shared import shards
from shared.blobs import BlobFolder, dataset_folder, url_lists
from shared.documents import SearchDocument, SourceFigures, search_id
from shared.settings import settings
from shared.steps import dedupe, lifecycle
from shared.steps.plan import PlanFile, read_plan
from shared.tasks import Searched, SearchTask
from shared.telemetry import metrics

if TYPE_CHECKING:
    from builder.engines import Engine
    from builder.urls import UrlRow


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
    return Searched(first=document.first_shard, count=document.shards, dry=document.dry)


def _search(task: SearchTask, name: str) -> SearchDocument:
    folder = dataset_folder(task.dataset)
    plan = read_plan(folder)
    label = plan.spec.label(task.label)
    engines = _engines(plan)
    before = shards.find_search(task.dataset, search_id(task.label, task.round - 1))
    first_shard = before.end_shard if before else 0
    if before:
        state = _read_round(folder, task.label, task.round - 1).state
    else:
        state = start_search(engines, plan.queries[task.label], label.name)
    known = set(state.failures)
    candidates, after = search_round(engines, state, _want(task, plan, first_shard), _seen(folder, task), label.name)
    for failure in set(after.failures) - known:
        metrics.ENGINE_ERRORS.record(1, {"engine": failure.engine, "kind": failure.kind})
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
        dry=after.dry,
        sources=_figures(plan, found),
    )


def _want(task: SearchTask, plan: PlanFile, first_shard: int) -> int:
    """Candidates to ask for.

    Only earlier rounds count: a round that is searched again must ask for as many as it did before.
    """
    earlier = [one for one in shards.documents(task.dataset, task.label) if one.number < first_shard]
    tried = sum(one.counts.candidates for one in earlier)
    kept = dedupe.distinct(earlier, plan.spec)
    return candidates_to_ask_for(task.need, kept, tried, settings().max_shards_per_round)


def read_candidates(folder: BlobFolder, label: str, round_number: int) -> tuple[Candidate, ...]:
    """The candidates of a round, in order."""
    return _read_round(folder, label, round_number).candidates


def _read_round(folder: BlobFolder, label: str, round_number: int) -> RoundFile:
    return RoundFile.model_validate_json(folder.read(_file(label, round_number)))


def _file(label: str, round_number: int) -> str:
    return f"candidates/{label}-{round_number:03}.json"


def _seen(folder: BlobFolder, task: SearchTask) -> set[str]:
    return {url_key(one.url) for before in range(1, task.round) for one in read_candidates(folder, task.label, before)}


def _engines(plan: PlanFile) -> "list[Engine]":
    from builder.engines import EngineSettings, engine

    config = settings()
    ready = EngineSettings(
        proxy=config.search_proxy,
        ca_file=Path(config.search_ca_file) if config.search_ca_file else None,
        sample_url=config.sample_url,
        urls={label.name: label.urls for label in plan.spec.labels if label.urls},
        url_list=(lambda: _uploaded(plan)) if plan.spec.url_list else None,
    )
    return [engine(name, ready) for name in plan.spec.sources]


def _uploaded(plan: PlanFile) -> "Iterator[UrlRow]":
    from shared.steps.upload import read_url_list

    return read_url_list(url_lists(plan.owner), plan.spec.url_list or "")


def _figures(plan: PlanFile, found: RoundFile) -> tuple[SourceFigures, ...]:
    given = Counter(one.engine for one in found.candidates)
    failures = {failure.engine: failure for failure in found.state.failures}
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
