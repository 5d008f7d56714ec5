"""The cost model against what steps and orchestrators really do, counted where their requests leave the process."""

import threading
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter

from shared import shards
from shared.costs import Extent, cost, stored_bytes, work
from shared.prices import Prices
from shared.settings import settings
from shared.steps import assemble, dedupe, export, fetch, plan, search, validate
from shared.tasks import ExportTask
from tests.functions.test_build import PLAN, Script, run
from tests.shared.conftest import store
from tests.shared.steps.conftest import may_fetch, search_task, shard_task, site

__all__ = ["may_fetch", "site"]  # fixtures of the steps

SMALL = Extent(
    labels=1, rounds=1, shards=2, candidates=100, validated=40, kept=30, mean_bytes=2_000,
    exports=("imagefolder", "jsonl"),
)  # fmt: skip
FACTOR = 1.25
"""How far the model may be off."""


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Counts what goes to the stores; all of it goes there."""
    counts: Counter[str] = Counter()
    lock, send = threading.Lock(), HTTPAdapter.send
    database = urlsplit(settings().cosmos_endpoint).port

    def counted(self: HTTPAdapter, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        url = urlsplit(str(request.url))
        kind = "blob_writes" if request.method == "PUT" else "blob_lists" if "comp=list" in url.query else "blob_reads"
        with lock:
            counts["database_requests" if url.port == database else kind] += 1
        return send(self, request, *args, **kwargs)

    monkeypatch.setattr(HTTPAdapter, "send", counted)
    return counts


@pytest.fixture(autouse=True)
async def _closed() -> AsyncIterator[None]:
    yield
    await fetch.close()


async def test_the_steps_of_a_build_do_what_the_model_says(owner: str, may_fetch: str, sent: Counter[str]) -> None:
    links = [*(f"{may_fetch}/{number}.jpg" for number in range(40)), *(f"{may_fetch}/no-{n}.jpg" for n in range(60))]
    labels = [{"name": "cat", "urls": links}]
    task = store(owner, labels=labels, sources=["urls"], images_per_label=30, exports=SMALL.exports)
    sent.clear()
    assert plan.plan(task) is not None
    found = search.search(search_task(task, need=30))
    for number in range(found.count):
        assert await fetch.fetch_shard(shard_task(task, number)) == "fetched"
        assert validate.validate_raw(task.dataset, f"cat-{number:05}") is not None
    dedupe.count_kept(search_task(task, need=30))
    assert dedupe.deduplicate(task) == {}
    assemble.assemble(task)
    for name in SMALL.exports:
        export.export(ExportTask(**task.model_dump(), format=name))
    assert assemble.finish(task) == "ready"
    counted = dict(sent)
    rows = list(shards.rows(task.dataset))
    kept = [row for row in rows if row.verdict == "accepted"]
    sizes = [row.size_bytes for row in rows if row.size_bytes]
    extent = replace(SMALL, validated=len(sizes), kept=len(kept), mean_bytes=sum(sizes) / len(sizes))
    assert (found.count, len(rows), len(kept)) == (2, 100, 30)
    told = work(extent)
    for kind in ("blob_writes", "blob_reads", "database_requests"):
        assert counted[kind] / FACTOR <= getattr(told, kind) <= counted[kind] * FACTOR, (kind, counted, told)


def test_the_orchestrators_run_what_the_model_says() -> None:
    kept = iter([3, 7, 10])
    script = Script(count_kept=lambda _: next(kept))
    run(script)
    assert PLAN["exports"] == ["imagefolder"]
    told = work(replace(SMALL, rounds=3, shards=6, exports=("imagefolder",)))
    assert Counter(name for name, _ in script.calls) == {name: n for name, n in told.activities.items() if n}
    assert len(script.turns) <= told.turns <= 2 * len(script.turns)


def test_a_build_that_goes_on_has_not_paid_for_its_end() -> None:
    so_far = work(replace(SMALL, finished=False))
    assert so_far.activities == {**work(SMALL).activities, **dict.fromkeys(
        ("deduplicate", "assemble", "export", "finish_build", "notify"), 0
    )}  # fmt: skip
    assert cost(so_far, Prices()).total < cost(work(SMALL), Prices()).total


def test_lines_are_quantity_times_price_and_sum_up() -> None:
    found = cost(work(SMALL), Prices())
    assert found.total == pytest.approx(sum(one.amount for one in found.lines), abs=1e-6)
    for line in found.lines:
        assert line.amount == pytest.approx(line.quantity * line.unit_price, abs=1e-8)
    dearer = cost(work(SMALL), Prices(currency="EUR", executions_million=400))
    assert dearer.currency == "EUR"
    assert dearer.lines[0].amount == pytest.approx(1000 * found.lines[0].amount, rel=1e-4)


def test_copies_in_exports_take_room() -> None:
    bare = stored_bytes(replace(SMALL, exports=()))
    assert stored_bytes(replace(SMALL, exports=("webdataset",))) - bare >= 30 * 2_000
    assert stored_bytes(replace(SMALL, exports=("csv",))) - bare < 30 * 2_000


@given(
    rounds=st.integers(1, 50),
    shards_=st.integers(0, 500),
    bigger=st.sampled_from(["labels", "rounds", "shards", "validated", "kept", "mean_bytes", "passes"]),
)
def test_more_never_costs_less(rounds: int, shards_: int, bigger: str) -> None:
    extent = replace(SMALL, rounds=rounds, shards=shards_)
    more = replace(extent, **{bigger: getattr(extent, bigger) + 1})
    if bigger != "labels":  # rounds are of all labels: more labels, the same rounds, fewer looks at earlier ones
        assert cost(work(more), Prices()).total >= cost(work(extent), Prices()).total
    assert stored_bytes(more) >= stored_bytes(extent)
