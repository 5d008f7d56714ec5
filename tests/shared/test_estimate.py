from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.rounds import SHARD_SIZE
from builder.spec import DatasetSpec
from shared import cosmos
from shared.documents import now
from shared.estimate import ACCEPTANCE, MEAN_BYTES, Estimate, _label, estimate, least_cost
from shared.usage import DatasetUsage, LabelFigures
from tests.shared.conftest import spec


def noted(owner: str, name: str = "x", **figures: LabelFigures) -> None:
    document = DatasetUsage(id=f"dataset:{name}", owner=owner, dataset=name, bytes=1, labels=figures, updated=now())
    cosmos.container("usage").create_item(document.item())


@pytest.fixture
def plan(owner: str, stores: object) -> Any:
    def planned(**changes: object) -> Estimate:
        return estimate(owner, spec(**changes))

    return planned


def test_a_plan_says_what_is_searched_and_what_it_costs(plan: Any) -> None:
    found: Estimate = plan(labels=["cat", {"name": "dog", "queries": ["Hund"], "images": 10}], images_per_label=50)
    cat, dog = found.labels
    assert cat.queries[:2] == ("cat", "cat photo")
    assert (dog.queries, dog.target, dog.images) == (("Hund",), 10, 10)
    assert (cat.acceptance, cat.mean_bytes, cat.based_on) == (ACCEPTANCE, MEAN_BYTES, "default")
    assert (cat.candidates, cat.shards, cat.rounds) == (192, 2, 1)
    assert found.executions.activities["fetch_shards"] == found.shards == cat.shards + dog.shards
    assert found.executions.total == sum(found.executions.activities.values()) + sum(
        (found.executions.orchestrators, found.executions.triggers, found.executions.http)
    )
    assert found.cost.total >= found.least_cost > 0
    assert any("50%" in one for one in found.assumptions)


def test_earlier_datasets_tell_better(owner: str, plan: Any) -> None:
    noted(owner, "a", cat=LabelFigures(candidates=100, good=20, images=20, bytes=20 * 50_000))
    noted(owner, "b", cat=LabelFigures(candidates=100, good=40, images=40, bytes=40 * 50_000))
    cat, dog = plan(labels=["cat", "dog"]).labels
    assert (cat.acceptance, cat.mean_bytes, cat.based_on) == (0.3, 50_000, "this label before")
    assert (dog.acceptance, dog.based_on) == (0.3, "the tenant's other labels")


def test_what_tells_nothing_is_passed_over(owner: str, plan: Any) -> None:
    noted(owner, "a", cat=LabelFigures(candidates=0, good=0, images=0, bytes=0))
    assert plan(labels=["cat"]).labels[0].based_on == "default"


def test_sources_that_hold_too_little_are_told_beforehand(plan: Any) -> None:
    urls = [f"http://a.example/{number}.jpg" for number in range(30)]
    found: Estimate = plan(labels=[{"name": "cat", "urls": urls}], sources=["urls"], images_per_label=100)
    assert (found.candidates, found.images, found.labels[0].target) == (30, 15, 100)


def test_more_exports_cost_and_store_more(plan: Any) -> None:
    one, two = plan(exports=["imagefolder"]), plan(exports=["imagefolder", "webdataset"])
    assert two.stored_bytes > one.stored_bytes * 1.2
    assert two.cost.total > one.cost.total


def test_prices_are_the_settings_own(plan: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from shared.settings import settings

    before = plan()
    monkeypatch.setenv("PIXCRAWLER_PRICES", '{"currency": "EUR", "gigabyte_second": 0.5, "as_of": "2026-11"}')
    settings.cache_clear()
    after = plan()
    monkeypatch.undo()
    settings.cache_clear()
    assert (after.cost.currency, after.cost.prices_as_of) == ("EUR", "2026-11")
    assert after.cost.total > 1_000 * before.cost.total


@given(images=st.integers(1, 100_000), acceptance=st.integers(1, 100))
def test_a_label_is_planned_to_its_target_or_to_its_last_round(images: int, acceptance: int) -> None:
    wanted = DatasetSpec.model_validate(
        {"name": "x", "labels": ["cat"], "images_per_label": images, "sources": ["sample"]}
    )
    past = [{"cat": LabelFigures(candidates=100, good=acceptance, images=100, bytes=1)}]
    planned = _label(wanted, wanted.labels[0], past)
    assert planned.images == images or planned.rounds == 30
    assert planned.shards * SHARD_SIZE >= planned.candidates >= planned.images
    assert least_cost(wanted) > 0
