import uuid

import pytest

from shared import creation, datasets, quotas
from shared.documents import DatasetDocument
from shared.problems import ProblemError
from tests.shared.conftest import spec

pytestmark = pytest.mark.usefixtures("stores")


def document(owner: str, max_cost: float | None = None, images: int = 40) -> DatasetDocument:
    found = spec(images_per_label=images)
    return DatasetDocument(id=uuid.uuid4().hex, owner=owner, name="pets", spec=found, max_cost=max_cost)


def test_a_rehearsal_stores_nothing(owner: str) -> None:
    plan = creation.rehearse(document(owner))
    assert plan.images == 80
    assert datasets.page(owner, state=None, size=10, cursor=None).items == ()
    assert quotas.standing(owner).builds == ()


async def test_creating_reserves_what_the_plan_says(owner: str) -> None:
    made = document(owner, max_cost=5.0)
    await creation.create(made)
    now = quotas.standing(owner)
    assert now.builds == (made.id,)
    assert (now.images_reserved, now.bytes_reserved) == (80, creation.rehearse(made).stored_bytes)
    assert datasets.get(owner, made.id).max_cost == 5.0


async def test_both_refuse_the_same(owner: str) -> None:
    quotas.set_limits(owner, {"images_per_month": 79})

    async def rehearse(made: DatasetDocument) -> None:
        creation.rehearse(made)

    for attempt in (rehearse, creation.create):
        with pytest.raises(ProblemError, match="images_per_month: 80 asked for, 79 of 79 left"):
            await attempt(document(owner))
        with pytest.raises(ProblemError, match=r"/max_cost: one shard for each label costs about 0\.\d+ USD"):
            await attempt(document(owner, max_cost=0.0000001))


async def test_a_creation_that_fails_gives_its_place_back(owner: str) -> None:
    def broken(_: DatasetDocument) -> DatasetDocument:
        msg = "the database is away"
        raise OSError(msg)

    with pytest.raises(OSError, match="away"):
        await creation.create(document(owner), broken)
    assert quotas.standing(owner).builds == ()
