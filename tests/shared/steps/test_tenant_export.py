import io
import json
import uuid
import zipfile

import pytest

from shared import cosmos, rights
from shared.cosmos import CONTAINERS
from shared.rights import ExportDocument
from shared.steps import tenant_export
from shared.tasks import TenantExportTask
from tests.shared.seeding import SECRET, seed

pytestmark = pytest.mark.usefixtures("stores")


def test_everything_of_one_tenant_is_in_it_and_no_secret(owner: str) -> None:
    mine, other = seed(owner), seed(uuid.uuid4().hex)
    document = rights.create_export(ExportDocument(id=uuid.uuid4().hex, owner=owner))
    task = TenantExportTask(owner=owner, export=document.id)
    tenant_export.collect(task)
    ready = rights.get_export(owner, document.id)
    folder, name = rights.export_file(owner, document.id)
    data = folder.read(name)
    assert (ready.state, ready.size_bytes) == ("ready", len(data))
    assert ready.expires is not None
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        texts = {one: archive.read(one).decode() for one in archive.namelist()}
    assert set(texts) == {"README.txt", "blobs.jsonl", *(f"documents/{one}.jsonl" for one in CONTAINERS)}
    whole = "".join(texts.values())
    assert SECRET not in whole
    assert other.owner not in whole
    assert other.task.dataset not in whole
    assert f"tenant:{owner}" in texts["documents/principals.jsonl"], "its quotas"
    for one in CONTAINERS:
        lines = [json.loads(line) for line in texts[f"documents/{one}.jsonl"].splitlines()]
        assert lines, one
        assert not any(key.startswith("_") for line in lines for key in line)
    files = [json.loads(line) for line in texts["blobs.jsonl"].splitlines()]
    assert {one["container"] for one in files} == {"raw", "datasets", "uploads"}
    assert all(one["bytes"] >= 0 and one["name"].split("/")[0] in {owner, mine.task.dataset} for one in files)
    folder.delete(name)
    tenant_export.collect(task)
    assert not folder.exists(name), "it was done"


def test_a_key_of_another_tenant_that_is_called_as_this_one_is_not_in_it(owner: str) -> None:
    cosmos.container("principals").upsert_item({"id": owner, "owner": "somebody-else", "kind": "key"})
    document = rights.create_export(ExportDocument(id=uuid.uuid4().hex, owner=owner))
    tenant_export.collect(TenantExportTask(owner=owner, export=document.id))
    folder, name = rights.export_file(owner, document.id)
    with zipfile.ZipFile(io.BytesIO(folder.read(name))) as archive:
        assert archive.read("documents/principals.jsonl") == b""


def test_an_export_of_nobody_is_not_made(owner: str) -> None:
    tenant_export.collect(TenantExportTask(owner=owner, export="0" * 32))
    assert rights.unfinished()[1] == [] or all(one.owner != owner for one in rights.unfinished()[1])
