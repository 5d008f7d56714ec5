"""What is counted at the SDKs."""

import pytest

from shared import blobs, cosmos
from shared.settings import Settings
from shared.telemetry.metering import kind
from tests.shared.telemetry.reading import Recorded, recorded

__all__ = ["recorded"]


@pytest.mark.parametrize(
    ("method", "query", "unit"),
    [
        ("PUT", "", "storage_write"),
        ("PUT", "?comp=blocklist", "storage_write"),
        ("GET", "", "storage_read"),
        ("GET", "?restype=container&comp=list&prefix=a", "storage_list"),
        ("PUT", "?restype=container", "storage_list"),
        ("HEAD", "", "storage_other"),
        ("DELETE", "", "storage_delete"),
    ],
)
def test_storage_is_counted_as_it_is_billed(method: str, query: str, unit: str) -> None:
    assert kind(method, f"http://127.0.0.1/account/raw/a.tar{query}") == unit


def test_the_clients_of_this_process_are_counted(stores: Settings, owner: str, recorded: Recorded) -> None:
    folder = blobs.dataset_folder(owner)
    folder.write("a", iter([b"1" * 3_000_000] * 3))  # of a length that nobody told
    assert folder.exists("a")
    assert len(folder.read("a")) == 9_000_000
    assert list(folder.names()) == ["a"]
    assert cosmos.read("usage", "none", owner) is None
    cosmos.container("usage").create_item({"id": "one", "owner": owner, "kind": "thing"})
    assert len(cosmos.query("usage", "SELECT * FROM c WHERE c.kind = 'thing'", {}, owner)) == 1
    folder.clear()
    found = {names[1]: value for names, value in recorded().items() if names[0] == "pixcrawler.cost"}
    units = found.pop("request_unit")
    assert found == {
        "storage_write": 1, "storage_other": 1, "storage_read": 1, "storage_list": 2, "storage_delete": 1,
    }  # fmt: skip
    # Refused 1, written 5 and a little for the index, found 2 and what it loads.
    assert 9 < units < 11


def test_every_container_says_what_is_indexed() -> None:
    assert set(cosmos.INDEXED) == set(cosmos.CONTAINERS)
    for name, path in cosmos.CONTAINERS.items():
        assert path == "/id" or path.strip("/") in cosmos.INDEXED[name]
