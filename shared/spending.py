"""What a build has cost so far, from its own documents; and whether `max_cost` lets another round in."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from pydantic import Field

from builder.spec import DatasetSpec
from shared import shards
from shared.cosmos import container, etag_condition
from shared.costs import Cost, Extent, cost, work
from shared.documents import Document, SearchDocument, ShardDocument, State, search_id
from shared.estimate import MEAN_BYTES
from shared.settings import settings

BUDGET = "budget"
MAX_CONFLICTS = 1_000
"""One round of every label may be let in at the same moment, and each conflict means that one was."""


class Budget(Document):
    """The rounds that were let in, with the shards they may fetch. Partition key: `dataset`; beside the searches.

    Labels are searched side by side: what each may spend is decided under this document's etag, so that they do not
    all spend the same rest.
    """

    id: str = BUDGET
    kind: Literal["budget"] = "budget"
    dataset: str
    rounds: dict[str, int] = Field(default_factory=dict)  # id of the search -> shards
    etag: str | None = Field(default=None, alias="_etag", exclude=True)


def spent(
    spec: DatasetSpec, summaries: Sequence[ShardDocument], searches: Sequence[SearchDocument], state: State
) -> Cost:
    """What the build has cost until now, by the price table. Sums over documents, like progress."""
    finished = state in {"ready", "incomplete"}
    return cost(work(_extent(spec, summaries, searches, finished=finished)), settings().prices)


def _extent(
    spec: DatasetSpec, summaries: Sequence[ShardDocument], searches: Sequence[SearchDocument], *, finished: bool
) -> Extent:
    return Extent(
        labels=len(spec.labels),
        rounds=len(searches),
        shards=sum(one.shards for one in searches),
        candidates=sum(one.found for one in searches),
        validated=sum(one.counts.validated for one in summaries),
        kept=sum(one.counts.accepted for one in summaries),
        mean_bytes=MEAN_BYTES,
        exports=spec.exports,
        finished=finished,
        requests=1,
    )


def let_in(
    dataset: str, spec: DatasetSpec, max_cost: float, *, label: str, round_number: int, wanted: int, found: bool = False
) -> int:
    """How many of the `wanted` shards this round of a label may have, so that the whole build, its end included,
    stays within `max_cost`; 0: none, collecting is over. The same round is told the same each time.

    found: the round has been searched and has this many, which may be more than it was let in with.
    A label that has not searched yet keeps one shard.
    """
    from azure.cosmos.exceptions import CosmosAccessConditionFailedError, CosmosResourceExistsError

    name = search_id(label, round_number)
    for _ in range(MAX_CONFLICTS):
        budget = _read(dataset)
        before = budget.rounds.get(name)
        if before is not None and (not found or before >= wanted):
            return before
        others = budget.model_copy(
            update={"rounds": {other: count for other, count in budget.rounds.items() if other != name}}
        )
        granted = max(_affordable(others, spec, max_cost, label, wanted), before or 0)
        changed = others.model_copy(update={"rounds": {**others.rounds, name: granted}})
        try:
            if budget.etag is None:
                container(shards.NAME).create_item(changed.item())
            else:
                container(shards.NAME).replace_item(BUDGET, changed.item(), **etag_condition(budget.etag))
        except (CosmosAccessConditionFailedError, CosmosResourceExistsError):
            continue
        return granted
    msg = f"the budget of dataset {dataset} changed {MAX_CONFLICTS} times while a round asked for its part"
    raise RuntimeError(msg)


def _affordable(budget: Budget, spec: DatasetSpec, max_cost: float, label: str, wanted: int) -> int:
    """The most shards, up to `wanted`, that fit."""
    from builder.rounds import SHARD_SIZE

    searches = {one.id: one for one in shards.searches(budget.dataset)}
    # What was let in and is not searched yet counts as it was let in; then as what it really found.
    known = {name: searches[name].shards if name in searches else count for name, count in budget.rounds.items()}
    begun = {label, *(_label_of(name) for name in budget.rounds)}
    waiting = sum(one.slug not in begun for one in spec.labels)
    # Each label may ask once more and be refused, which costs a little too.
    ended = {name for name, count in known.items() if not count or (name in searches and searches[name].dry)}
    asking = len(spec.labels) - len({_label_of(name) for name in ended} - {label})
    rounds, fixed = len(known) + 1 + waiting + asking, sum(known.values()) + waiting
    base = Extent(
        labels=len(spec.labels), rounds=rounds, shards=fixed, candidates=0, validated=0, kept=0, mean_bytes=MEAN_BYTES,
        exports=spec.exports, requests=1,
    )  # fmt: skip
    prices = settings().prices

    def total(count: int) -> float:
        tried = (fixed + count) * SHARD_SIZE
        bigger = replace(base, shards=fixed + count, candidates=tried, validated=tried, kept=tried)
        return cost(work(bigger), prices).total

    low, high = 0, wanted  # `low` fits, or is none; a shard more never costs less
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if total(middle) <= max_cost else (low, middle - 1)
    return low


def _label_of(search: str) -> str:
    return search.removeprefix("search-").rpartition("-")[0]


def _read(dataset: str) -> Budget:
    from azure.cosmos.exceptions import CosmosResourceNotFoundError

    try:
        return Budget.model_validate(container(shards.NAME).read_item(BUDGET, dataset))
    except CosmosResourceNotFoundError:
        return Budget(dataset=dataset)
