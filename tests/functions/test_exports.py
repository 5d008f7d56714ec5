import json

import pytest

from functions import exports
from shared.access import Principal
from shared.blobs import dataset_folder
from tests.functions.asking import handler, request
from tests.shared.conftest import store

pytestmark = pytest.mark.usefixtures("stores")


async def test_a_link_that_needs_no_credentials_is_not_kept_on_the_way(owner: str) -> None:
    dataset = store(owner, exports=["csv"]).dataset
    files = [{"name": "a.csv", "bytes": 1, "sha256": "00"}]
    dataset_folder(dataset).write("exports/csv.files.json", json.dumps(files).encode())
    asked = request(principal=Principal(owner, "key:a", "viewer"), dataset=dataset, format="csv")
    answer = await handler(exports.link_export)(asked)
    assert "sig=" in json.loads(bytes(answer.body))["url"]
    assert answer.headers["cache-control"] == "no-store"
