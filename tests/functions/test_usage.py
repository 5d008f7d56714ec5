"""Creating within quotas, and usage, through the handlers as the worker calls them; only the Durable client is none."""

import asyncio
import json
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response

from functions import datasets, uploads, usage
from functions.stages import identify
from shared import quotas
from shared.access import Principal
from shared.blobs import tenant_uploads
from shared.usage import measure_uploads
from tests.shared.conftest import configured, owner, stores

__all__ = ["configured", "owner", "stores"]

SPEC = {"name": "pets", "labels": ["cat", "dog"], "images_per_label": 40}


class NoHub:
    """A task hub that is away: starting is left to `reconcile`."""

    async def schedule_new_orchestration(self, *_: Any, **__: Any) -> None:
        msg = "no hub"
        raise OSError(msg)

    async def get_orchestration_state(self, *_: Any, **__: Any) -> None:
        return None


@pytest.fixture(autouse=True)
def _caller(stores: object, owner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks is the test's own tenant."""

    async def known(_: Any, request: Request, proceed: Any) -> Response:
        request.state.principal = Principal(owner, "me", "admin")
        answer: Response = await proceed()
        return answer

    from functions import stages

    through = tuple(known if one is identify.stage else one for one in stages.STAGES)
    monkeypatch.setattr(stages, "STAGES", through)


FUNCTIONS: dict[str, Any] = {
    "create_dataset": datasets.create_dataset,
    "list_datasets": datasets.list_datasets,
    "create_upload": uploads.create_upload,
    "get_usage": usage.get_usage,
}


async def call(name: str, query: str = "", body: Any = None) -> Response:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": json.dumps(body).encode(), "more_body": False}

    scope = {
        "type": "http", "method": "POST", "path": f"/api/v1/{name}", "query_string": query.encode(), "headers": [],
        "path_params": {},
    }  # fmt: skip
    request = Request(scope, receive)
    handler: Any = FUNCTIONS[name]._function.get_user_function()
    durable = getattr(handler, "client_function", None)  # behind the binding that the host fills in
    answer: Response = await (durable(request, NoHub()) if durable else handler(request))
    return answer


def asked(name: str, query: str = "", body: Any = None) -> tuple[int, Any]:
    answer = asyncio.run(call(name, query, body))
    return answer.status_code, json.loads(bytes(answer.body))


def test_fifty_creates_at_once_make_as_many_datasets_as_the_quota_allows(owner: str) -> None:
    quotas.set_limits(owner, {"concurrent_builds": 5})

    async def all_at_once() -> list[Response]:
        return await asyncio.gather(*(call("create_dataset", body=SPEC) for _ in range(50)))

    answers = asyncio.run(all_at_once())
    assert sorted(one.status_code for one in answers) == [202] * 5 + [429] * 45
    refused = next(one for one in answers if one.status_code == 429)
    assert refused.headers["retry-after"] == "60"
    assert json.loads(bytes(refused.body))["quota"] == "concurrent_builds"
    status, listed = asked("list_datasets")
    assert (status, len(listed["datasets"])) == (200, 5)


def test_a_dry_run_answers_with_the_plan_and_makes_nothing() -> None:
    status, plan = asked("create_dataset", "dry_run=true", {**SPEC, "max_cost": 3})
    assert (status, plan["images"], plan["cost"]["currency"]) == (200, 80, "USD")
    assert asked("list_datasets")[1]["datasets"] == []
    assert asked("create_dataset", "dry_run=1", SPEC)[0] == 400
    assert asked("create_dataset", "dry_run=true", {**SPEC, "max_cost": 0})[0] == 422


def test_usage_tells_of_every_quota(owner: str) -> None:
    quotas.set_limits(owner, {"concurrent_builds": 5})
    made = asked("create_dataset", body={**SPEC, "max_cost": 3})[1]
    status, told = asked("get_usage")
    assert status == 200
    assert told["builds"] == [made["id"]]
    assert told["quotas"]["concurrent_builds"] == {"used": 1, "reserved": 0, "limit": 5, "resets": None}
    assert told["quotas"]["images_per_month"]["reserved"] == 80
    assert told["months"] == [{"month": told["months"][0]["month"], "images": 0}]
    assert asked("get_usage", "month=2026-11")[0] == 400


def test_uploads_are_told_by_themselves_and_refused_when_there_is_no_room(owner: str) -> None:
    tenant_uploads(owner).write("url-lists/a.text", b"x" * 90)
    measure_uploads(owner)
    quotas.set_limits(owner, {"stored_bytes": 100})
    told = asked("get_usage")[1]
    assert told["stored"] == {"datasets": 0, "uploads": 90}
    assert (told["quotas"]["stored_bytes"]["used"], told["quotas"]["stored_bytes"]["limit"]) == (90, 100)
    wanted = {"kind": "images", "filename": "a.zip"}
    status, problem = asked("create_upload", body={**wanted, "size_bytes": 11})
    assert (status, problem["quota"], problem["requested"]) == (403, "stored_bytes", 11)
    assert asked("create_upload", body={**wanted, "size_bytes": 10})[0] == 201
    quotas.set_limits(owner, {"stored_bytes": 90})
    assert asked("create_upload", body=wanted)[0] == 403, "its length is not known, and there is no room at all"
