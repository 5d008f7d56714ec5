"""The plan of a dataset that is not built yet: what it will search, fetch, store and cost, and what that rests on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from builder.keywords import expand
from builder.spec import DatasetSpec, LabelSpec
from shared import usage
from shared.costs import Cost, Extent, Work, cost, work
from shared.progress import View
from shared.settings import settings
from shared.usage import LabelFigures

ACCEPTANCE, MEAN_BYTES = 0.5, 200_000
"""The share of candidates that are kept, and bytes of a stored image, where nothing is known from earlier datasets."""
LEAST_ACCEPTANCE = 0.05
FOUND_A_QUERY = 200
"""Candidates that a search engine gives for one query before it repeats itself."""
LOOKS = 30
"""Requests for a dataset's state while it is built."""

Basis = Literal["this label before", "the tenant's other labels", "default"]


class LabelPlan(View):
    """One label: `images` is how many are expected, which is less than `target` when the sources hold too few."""

    label: str
    queries: tuple[str, ...]
    target: int
    images: int
    candidates: int
    rounds: int
    shards: int
    acceptance: float
    mean_bytes: int
    based_on: Basis


class Executions(View):
    """Function executions by kind."""

    activities: dict[str, int]
    orchestrators: int
    triggers: int
    http: int
    total: int


class Operations(View):
    """What the stores are asked for."""

    blob_writes: int
    blob_reads: int
    blob_lists: int
    database_requests: int
    request_units: float


class Estimate(View):
    """The plan and what it costs. Nothing of it is stored."""

    labels: tuple[LabelPlan, ...]
    images: int
    candidates: int
    rounds: int
    shards: int
    stored_bytes: int
    executions: Executions
    operations: Operations
    instance_seconds: float
    cost: Cost
    least_cost: float
    assumptions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Past:
    acceptance: float
    mean_bytes: float


def estimate(tenant: str, spec: DatasetSpec) -> Estimate:
    """Plan a dataset for this tenant, by how its earlier datasets went."""
    past = usage.past_figures(tenant)
    plans = tuple(_label(spec, label, past) for label in spec.labels)
    extent = _extent(spec, plans)
    done, prices = work(extent), settings().prices
    return Estimate(
        labels=plans,
        images=extent.kept,
        candidates=extent.candidates,
        rounds=extent.rounds,
        shards=extent.shards,
        stored_bytes=done.stored_bytes,
        executions=Executions(
            activities=done.activities,
            orchestrators=done.turns,
            triggers=done.triggers,
            http=done.requests,
            total=done.executions,
        ),
        operations=_operations(done),
        instance_seconds=round(done.seconds, 1),
        cost=cost(done, prices),
        least_cost=least_cost(spec),
        assumptions=_assumptions(spec),
    )


def least_cost(spec: DatasetSpec) -> float:
    """What a build costs that fetches one shard for each label, is then told to stop, assembled and exported."""
    from builder.rounds import SHARD_SIZE

    count = len(spec.labels)
    tried = count * SHARD_SIZE
    least = Extent(
        labels=count, rounds=2 * count, shards=count, candidates=tried, validated=tried, kept=tried,
        mean_bytes=MEAN_BYTES, exports=spec.exports, requests=1,
    )  # fmt: skip
    return cost(work(least), settings().prices).total


def _label(spec: DatasetSpec, label: LabelSpec, past: Sequence[dict[str, LabelFigures]]) -> LabelPlan:
    from builder.rounds import SHARD_SIZE, candidates_to_ask_for

    known, basis = _known(label.slug, past)
    queries = expand(label)
    target, held = spec.target(label), _held(spec, label, len(queries))
    tried = rounds = shards = 0
    kept = 0.0
    config = settings()
    while kept < target and rounds < config.max_rounds and (held is None or tried < held):
        asked = candidates_to_ask_for(target, int(kept), tried, config.max_shards_per_round)
        got = asked if held is None else min(asked, held - tried)
        tried, rounds, shards = tried + got, rounds + 1, shards + -(-got // SHARD_SIZE)
        kept = tried * known.acceptance
    return LabelPlan(
        label=label.name,
        queries=queries,
        target=target,
        images=min(target, int(kept)),
        candidates=tried,
        rounds=rounds,
        shards=shards,
        acceptance=round(known.acceptance, 3),
        mean_bytes=round(known.mean_bytes),
        based_on=basis,
    )


def _known(slug: str, past: Sequence[dict[str, LabelFigures]]) -> tuple[_Past, Basis]:
    own = _sum([figures[slug] for figures in past if slug in figures])
    if own is not None:
        return own, "this label before"
    others = _sum([one for figures in past for one in figures.values()])
    if others is not None:
        return others, "the tenant's other labels"
    return _Past(ACCEPTANCE, MEAN_BYTES), "default"


def _sum(figures: Sequence[LabelFigures]) -> _Past | None:
    """All of them together; None when they tell nothing."""
    tried, images = sum(one.candidates for one in figures), sum(one.images for one in figures)
    if not tried or not images:
        return None
    acceptance = max(sum(one.good for one in figures) / tried, LEAST_ACCEPTANCE)
    return _Past(acceptance, sum(one.bytes for one in figures) / images)


def _held(spec: DatasetSpec, label: LabelSpec, queries: int) -> int | None:
    """How many candidates the label's sources hold; None when that cannot be told beforehand."""
    if spec.url_list is not None or "sample" in spec.sources:
        return None
    engines = sum(one != "urls" for one in spec.sources)
    return len(label.urls) + engines * queries * FOUND_A_QUERY


def _extent(spec: DatasetSpec, plans: Sequence[LabelPlan]) -> Extent:
    validated = sum(round(plan.candidates * plan.acceptance) for plan in plans)
    size = sum(plan.candidates * plan.acceptance * plan.mean_bytes for plan in plans)
    return Extent(
        labels=len(plans),
        rounds=sum(plan.rounds for plan in plans),
        shards=sum(plan.shards for plan in plans),
        candidates=sum(plan.candidates for plan in plans),
        validated=validated,
        kept=sum(plan.images for plan in plans),
        mean_bytes=size / validated if validated else MEAN_BYTES,
        exports=spec.exports,
        requests=1 + LOOKS + len(spec.exports),
    )


def _operations(done: Work) -> Operations:
    return Operations(
        blob_writes=done.blob_writes,
        blob_reads=done.blob_reads,
        blob_lists=done.blob_lists,
        database_requests=done.database_requests,
        request_units=round(done.request_units, 1),
    )


def _assumptions(spec: DatasetSpec) -> tuple[str, ...]:
    told = [
        f"Unless earlier datasets tell better, {ACCEPTANCE:.0%} of the candidates are kept, at {MEAN_BYTES:,} bytes.",
        "No shard is tried twice, no label loses images to another's duplicates, and no host is slow.",
        f"The dataset's state is asked for {LOOKS} times, and every export is downloaded once.",
        "Function time is counted as if an instance ran one thing at a time, which it does not: it is an upper bound.",
        "Free grants are not deducted.",
    ]
    if any(one in {"duckduckgo", "bing"} for one in spec.sources):
        told.append(f"A search engine gives {FOUND_A_QUERY} candidates for a query before it repeats itself.")
    return tuple(told)
