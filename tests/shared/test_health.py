import pytest

from local.processes import free_port
from shared import blobs, health
from shared.settings import Settings


def test_both_stores_answer(stores: Settings) -> None:
    assert stores.create_resources
    assert health.checks() == {"storage": "ok", "cosmos": "ok"}


@pytest.mark.usefixtures("stores")
def test_a_store_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from azure.storage.blob import BlobServiceClient

    dead = BlobServiceClient(f"http://127.0.0.1:{free_port()}/nobody", retry_total=0)
    monkeypatch.setattr(blobs, "service", lambda: dead)
    checks = health.checks()
    assert checks["cosmos"] == "ok"
    assert checks["storage"].startswith("failed: ")
