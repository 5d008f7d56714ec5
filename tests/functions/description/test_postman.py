from typing import Any

import function_app  # noqa: F401 (declares all operations)
from functions.description.openapi import document
from functions.description.postman import collection
from functions.operations import OPERATIONS


def requests() -> dict[str, dict[str, Any]]:
    """Requests by method and path."""
    items = [item["request"] for folder in collection(document())["item"] for item in folder["item"]]
    return {f"{one['method']} /{'/'.join(one['url']['path'])}": one for one in items}


def test_every_operation_is_a_request() -> None:
    paths = {f"{one.method} /api/{one.path}".replace("{", ":").replace("}", "") for one in OPERATIONS}
    assert set(requests()) == paths


def test_a_request_carries_an_example_and_the_variables_it_needs() -> None:
    create = requests()["POST /api/v1/datasets"]
    assert create["header"][0] == {"key": "Content-Type", "value": "application/json"}
    assert '"name": "pets"' in create["body"]["raw"]
    assert [(one["key"], one["disabled"]) for one in create["url"]["query"]] == [("dry_run", True)]
    image = requests()["GET /api/v1/datasets/:dataset/images/:image"]
    assert [(one["key"], one["value"]) for one in image["url"]["variable"]] == [
        ("dataset", "{{dataset}}"), ("image", "{{image}}"),
    ]  # fmt: skip
    assert {"dataset", "image", "address", "key"} <= {one["key"] for one in collection(document())["variable"]}


def test_what_needs_no_credentials_sends_none() -> None:
    assert requests()["GET /api/v1/health/live"]["auth"] == {"type": "noauth"}
    assert "auth" not in requests()["GET /api/v1/me"]
