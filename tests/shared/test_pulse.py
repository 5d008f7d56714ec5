import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from azure.cosmos import ContainerProxy
from azure.cosmos.exceptions import CosmosBatchOperationError

from shared import cosmos, pulse
from shared.pulse import Operation, Outcome, write

pytestmark = pytest.mark.usefixtures("stores")


@pytest.fixture
def dataset() -> str:
    return uuid.uuid4().hex


def item(dataset: str, name: str = "a") -> dict[str, Any]:
    return {"id": name, "kind": "search", "dataset": dataset}


def test_every_write_gives_another_version_and_removals_are_told_apart(dataset: str) -> None:
    assert (pulse.read(dataset), pulse.version(dataset)) == (None, "")
    seen = []
    for operation in (
        Operation("create", (item(dataset),)),
        Operation("upsert", (item(dataset),)),
        Operation("delete", ("a",)),
        Operation("create", (item(dataset),)),
    ):
        assert write(dataset, operation) is Outcome.DONE
        found = pulse.read(dataset)
        assert found is not None
        seen.append(found)
    assert len({one.etag for one in seen}) == 4
    assert [one.removed == seen[0].removed for one in seen] == [True, True, False, False]


def test_what_is_refused_leaves_all_as_it_was(dataset: str) -> None:
    stale = Operation("replace", ("a", item(dataset)), "another etag")
    for refused in (Operation("delete", ("a",)), stale):
        assert write(dataset, Operation("create", (item(dataset, "b"),)), refused) is Outcome.REFUSED
        assert (pulse.version(dataset), cosmos.read("shards", "b", dataset)) == ("", None)
    write(dataset, Operation("create", (item(dataset),)))
    before = pulse.version(dataset)
    for refused in (Operation("create", (item(dataset),)), stale):
        assert write(dataset, Operation("create", (item(dataset, "b"),)), refused) is Outcome.REFUSED
        assert (pulse.version(dataset), cosmos.read("shards", "b", dataset)) == (before, None)


def test_many_may_write_at_once_from_the_first_on(dataset: str) -> None:
    operations = [Operation("create", (item(dataset, str(number)),)) for number in range(12)]
    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(lambda one: write(dataset, one), operations)) == {Outcome.DONE}
    assert cosmos.read("shards", pulse.PULSE, dataset)["beats"] == 12  # type: ignore[index]


@pytest.mark.parametrize(("times", "done"), [(2, True), (20, False)])
def test_where_another_transaction_is_at_it_one_tries_again(
    dataset: str, monkeypatch: pytest.MonkeyPatch, times: int, *, done: bool
) -> None:
    left = [449] * times
    execute = ContainerProxy.execute_item_batch

    def busy(self: ContainerProxy, batch: Any, *args: Any, **kwargs: Any) -> Any:
        if left:
            results = [{"statusCode": 424} for _ in batch[1:]] + [{"statusCode": left.pop()}]
            raise CosmosBatchOperationError(  # type: ignore[no-untyped-call]
                error_index=len(batch) - 1, headers={}, status_code=449, message="busy", operation_responses=results
            )
        return execute(self, batch, *args, **kwargs)

    monkeypatch.setattr(ContainerProxy, "execute_item_batch", busy)
    monkeypatch.setattr(pulse, "_PAUSE_SECONDS", 0.0)
    if done:
        assert write(dataset, Operation("create", (item(dataset),))) is Outcome.DONE
    else:
        with pytest.raises(RuntimeError, match="others were faster"):
            write(dataset, Operation("create", (item(dataset),)))
