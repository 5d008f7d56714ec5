import asyncio
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from shared import cosmos, datasets, quotas, usage
from shared.documents import DatasetDocument, State
from shared.problems import ProblemError
from shared.set_quotas import main
from shared.settings import settings
from shared.steps import lifecycle
from shared.tasks import Task
from tests.shared.conftest import spec

pytestmark = pytest.mark.usefixtures("stores")
NAMES: tuple[quotas.Quota, ...] = ("concurrent_builds", "images_per_month", "stored_bytes")


def limited(owner: str, **limits: int) -> None:
    quotas.set_limits(owner, {name: limits[name] for name in NAMES if name in limits})


def make(owner: str, dataset: str, state: State = "queued") -> None:
    found = spec()
    datasets.create(DatasetDocument(id=dataset, owner=owner, name=found.name, spec=found, state=state))


def reserve(owner: str, *, images: int = 10, size: int = 1_000, made: bool = True) -> str:
    dataset = uuid.uuid4().hex
    quotas.reserve(owner, dataset, images=images, size=size)
    if made:
        make(owner, dataset)
    return dataset


def refusal(owner: str, *, images: int = 10, size: int = 1_000) -> ProblemError:
    with pytest.raises(ProblemError) as told:
        reserve(owner, images=images, size=size)
    return told.value


def test_fifty_at_once_get_exactly_the_places_there_are(owner: str) -> None:
    limited(owner, concurrent_builds=7)

    def attempt(_: int) -> int:
        try:
            reserve(owner)
        except ProblemError as problem:
            return problem.status
        return 202

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(attempt, range(50)))
    assert sorted(answers) == [202] * 7 + [429] * 43
    assert len(quotas.standing(owner).builds) == 7


def test_two_processes_with_many_requests_each_give_out_no_place_twice(owner: str) -> None:
    """An event loop has its own batches, as a process has: what they share is the document."""
    limited(owner, concurrent_builds=7, images_per_month=65)

    async def attempt() -> int:
        try:
            await quotas.reserve_soon(owner, uuid.uuid4().hex, images=10, size=1)
        except ProblemError as problem:
            return problem.status
        return 202

    async def many() -> list[int]:
        return await asyncio.gather(*(attempt() for _ in range(25)))

    with ThreadPoolExecutor(2) as processes:
        answers = [one for found in processes.map(lambda _: asyncio.run(many()), range(2)) for one in found]
    assert sorted(answers) == [202] * 6 + [403] * 44
    assert (len(quotas.standing(owner).builds), quotas.standing(owner).images_reserved) == (6, 60)


async def test_many_at_once_are_few_writes(owner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    limited(owner, concurrent_builds=100)
    reads: list[str] = []
    read = quotas._read

    def counted(tenant: str) -> quotas.Builds:
        reads.append(tenant)
        return read(tenant)

    monkeypatch.setattr(quotas, "_read", counted)
    await asyncio.gather(*(quotas.reserve_soon(owner, uuid.uuid4().hex, images=1, size=1) for _ in range(50)))
    assert len(reads) <= 3
    assert len(quotas.standing(owner).builds) == 50


def test_the_refusal_says_which_quota_and_how_much(owner: str) -> None:
    limited(owner, concurrent_builds=1, images_per_month=100, stored_bytes=5_000)
    reserve(owner)
    builds = refusal(owner)
    assert (builds.status, builds.headers["retry-after"]) == (429, "60")
    assert builds.document().items() >= {"quota": "concurrent_builds", "used": 1, "limit": 1}.items()
    quotas.set_limits(owner, {"concurrent_builds": 5})
    images = refusal(owner, images=91)
    assert images.status == 403
    assert images.members.items() >= {"quota": "images_per_month", "used": 10, "limit": 100, "requested": 91}.items()
    assert datetime.fromisoformat(str(images.members["resets"])) > datetime.now(UTC)
    size = refusal(owner, size=4_001)
    assert (size.status, size.members["quota"], size.members["used"]) == (403, "stored_bytes", 1_000)
    reserve(owner, images=90, size=4_000)


@pytest.mark.parametrize("state", ["ready", "incomplete", "failed", "cancelled", "deleting"])
def test_a_build_that_does_not_go_on_has_no_place(owner: str, state: State) -> None:
    limited(owner, concurrent_builds=1)
    dataset = reserve(owner)
    assert refusal(owner).status == 429
    datasets.change(owner, dataset, lambda one: one.moved(state))
    assert quotas.standing(owner).builds == ()
    reserve(owner)


def test_a_build_that_goes_on_again_has_its_place_back(owner: str) -> None:
    limited(owner, concurrent_builds=1)
    dataset = uuid.uuid4().hex
    make(owner, dataset, "ready")
    quotas.check(owner, images=1, size=1)
    datasets.change(owner, dataset, lambda one: one.moved("building"))
    assert quotas.standing(owner).builds == (dataset,)
    with pytest.raises(ProblemError):
        quotas.check(owner, images=1, size=1)


def test_a_creation_that_was_cut_short_frees_its_place(owner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    limited(owner, concurrent_builds=1)
    reserve(owner, made=False)
    assert refusal(owner).status == 429
    monkeypatch.setattr(quotas, "CREATION_TIME", timedelta(0))
    reserve(owner)
    assert len(quotas.standing(owner).builds) == 1


def test_a_dataset_that_is_gone_frees_its_place_at_once(owner: str) -> None:
    limited(owner, concurrent_builds=1)
    dataset = reserve(owner)
    lifecycle.mark_deleting(owner, dataset)
    lifecycle.erase(Task(owner=owner, dataset=dataset))
    assert quotas.standing(owner).builds == ()
    quotas.release(owner, "of-nothing")


def test_reserving_twice_for_one_dataset_is_one_place(owner: str) -> None:
    limited(owner, concurrent_builds=1)
    for _ in range(2):
        quotas.reserve(owner, "same", images=1, size=1)
    assert quotas.standing(owner).builds == ("same",)


def test_checking_reserves_nothing(owner: str) -> None:
    limited(owner, concurrent_builds=1)
    for _ in range(2):
        quotas.check(owner, images=1, size=1)
    assert quotas.standing(owner).builds == ()


def test_images_that_builds_may_bring_count_with_those_there_are(owner: str) -> None:
    limited(owner, images_per_month=30)
    month = usage.month_of(datetime.now(UTC))
    document = usage.MonthUsage(id="images:x:y", owner=owner, dataset="x", month=month, images=15)
    cosmos.container("usage").create_item(document.item())
    reserve(owner, images=10)
    assert refusal(owner, images=6).members["used"] == 25
    reserve(owner, images=5)


def test_tenants_do_not_share(owner: str) -> None:
    limited(owner, concurrent_builds=0)
    assert refusal(owner).status == 429
    reserve(uuid.uuid4().hex)


def test_limits_leave_what_else_is_noted_of_a_tenant(owner: str) -> None:
    tenant = f"tenant:{owner}"
    cosmos.container("principals").create_item({"id": tenant, "retention_days": 30})
    usual = quotas.limits(owner)
    assert quotas.set_limits(owner, {"concurrent_builds": 3}).concurrent_builds == 3
    assert quotas.set_limits(owner, {"stored_bytes": 4}) == usual.model_copy(
        update={"concurrent_builds": 3, "stored_bytes": 4}
    )
    assert cosmos.container("principals").read_item(tenant, tenant)["retention_days"] == 30
    assert quotas.set_limits(owner, {"concurrent_builds": None, "stored_bytes": None}) == usual


def test_the_operators_command_sets_and_shows(owner: str) -> None:
    run = CliRunner().invoke
    set_ = run(main, ["--tenant", owner, "--concurrent-builds", "20", "--stored-bytes", "5000"])
    assert (set_.exit_code, set_.output.splitlines()[0]) == (0, "concurrent_builds: 20"), set_.output
    again = run(main, ["--tenant", owner, "--concurrent-builds", "default"])
    assert again.output.splitlines() == [
        "concurrent_builds: 10", "images_per_month: 1,000,000", "stored_bytes: 5,000",
    ]  # fmt: skip
    assert run(main, ["--tenant", owner]).output == again.output
    assert run(main, ["--tenant", owner, "--stored-bytes", "-1"]).exit_code == 2


async def test_no_place_is_given_while_no_builds_are_begun(owner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = reserve(owner)
    monkeypatch.setenv("PIXCRAWLER_ACCEPT_BUILDS", "false")
    settings.cache_clear()
    try:
        told = refusal(owner)
        with pytest.raises(ProblemError, match="No builds are begun"):
            await quotas.reserve_soon(owner, uuid.uuid4().hex, images=1, size=1)
    finally:
        monkeypatch.undo()
        settings.cache_clear()
    assert (told.status, told.kind, told.headers) == (503, "not-accepting-builds", {"retry-after": "300"})
    assert quotas.standing(owner).builds == (before,), "what is being built keeps its place"
