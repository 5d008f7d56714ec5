import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import cosmos as service
from shared import cosmos, datasets
from shared.settings import Settings, settings
from tests.conftest import served
from tests.shared.conftest import store
from tools.restore import main

KEY = service.DEFAULT_KEY


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Another account, as one that was restored."""
    monkeypatch.setenv("PIXCRAWLER_RESTORED_KEY", KEY)
    with served(lambda port: service.command(tmp_path / "restored.sqlite", port=port), "the restored account") as port:
        yield f"http://127.0.0.1:{port}/"


@pytest.fixture
def lost(account: str, stores: Settings, owner: str) -> tuple[str, str, str]:
    """Two datasets of an owner that are in the restored account, and one of them is still here too; ids, endpoint."""
    from azure.cosmos import CosmosClient, PartitionKey

    gone, there = store(owner).dataset, store(owner, name="older").dataset
    database = CosmosClient(account, KEY).create_database(settings().cosmos_database)
    for name, path in cosmos.CONTAINERS.items():
        database.create_container(name, PartitionKey(path))
    for dataset in (gone, there):
        document = datasets.get(owner, dataset)
        database.get_container_client("datasets").create_item(document.item())
        shard = {"id": f"{dataset}-cat-0", "dataset": dataset, "kind": "shard"}
        database.get_container_client("shards").create_item(shard)
    datasets.remove(owner, gone)
    datasets.change(owner, there, lambda one: one.model_copy(update={"name": "newer"}))
    return gone, there, account


def shards(dataset: str) -> list[str]:
    return [one["id"] for one in cosmos.query("shards", "SELECT c.id FROM c", {}, dataset)]


def test_one_dataset_comes_back(lost: tuple[str, str, str], owner: str, capsys: pytest.CaptureFixture[str]) -> None:
    gone, there, endpoint = lost
    assert main(["--from", endpoint, "--dataset", gone]) == 0
    assert capsys.readouterr().out.startswith("2 documents are written; 0 were there")
    assert datasets.get(owner, gone).name == "pets"
    assert (shards(gone), shards(there)) == ([f"{gone}-cat-0"], [])


def test_what_is_there_stays_unless_asked(
    lost: tuple[str, str, str], owner: str, capsys: pytest.CaptureFixture[str]
) -> None:
    gone, there, endpoint = lost
    assert main(["--from", endpoint]) == 0
    assert capsys.readouterr().out.startswith("3 documents are written; 1 were there")
    assert datasets.get(owner, gone).name == "pets"
    assert datasets.get(owner, there).name == "newer"
    assert main(["--from", endpoint, "--overwrite"]) == 0
    assert datasets.get(owner, there).name == "older"


@pytest.mark.parametrize(
    ("state", "told"), [(None, "is not in the restored account"), ("deleting", "an earlier moment")]
)
def test_a_dataset_that_would_not_stay_is_refused(
    lost: tuple[str, str, str], owner: str, state: str | None, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from azure.cosmos import CosmosClient

    gone, _, endpoint = lost
    container = (
        CosmosClient(endpoint, KEY).get_database_client(settings().cosmos_database).get_container_client("datasets")
    )
    item = container.read_item(gone, owner)
    container.delete_item(gone, owner)
    if state:
        container.create_item({**item, "state": state})
    assert main(["--from", endpoint, "--dataset", gone]) == 1
    assert told in capsys.readouterr().err
    assert (datasets.find(owner, gone), shards(gone)) == (None, [])


def test_an_account_without_the_database_is_said(
    account: str, stores: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--from", account, "--dataset", uuid.uuid4().hex]) == 1
    assert capsys.readouterr().err
