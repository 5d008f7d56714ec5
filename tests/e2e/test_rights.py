import io
import zipfile

import httpx

from local.processes import wait_until
from tests.e2e.conftest import Stack


def test_everything_that_is_kept_of_a_tenant_comes_as_one_file(stack: Stack) -> None:
    dataset = stack.create(name="mine", labels=["cat"], images_per_label=3, sources=["sample"])
    assert stack.finished(dataset)["state"] == "ready"
    made = stack.api.post("/tenant/export")
    assert made.status_code == 202, made.text
    path = f"/tenant/export/{made.json()['id']}"
    wait_until(lambda: stack.api.get(path).json()["state"] == "ready", 60, "the export being ready")
    found = stack.api.get(path).json()
    data = httpx.get(found["url"]).content
    assert len(data) == found["size_bytes"]
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert dataset in archive.read("documents/datasets.jsonl").decode()
        assert archive.read(f"documents/shards/{dataset}.jsonl").count(b'"state": "validated"') >= 1
        assert f"{dataset}/manifest.jsonl" in archive.read(f"blobs/{dataset}.jsonl").decode()
        assert b"pxc_" not in b"".join(archive.read(name) for name in archive.namelist())
