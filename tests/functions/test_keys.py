import json
from typing import Any

import pytest
from starlette.responses import Response

import function_app  # noqa: F401 (declares all operations)
from functions import keys
from shared import audit
from shared.keys import store
from shared.keys.text import read_key
from shared.settings import settings
from tests.functions.asking import request_to

pytestmark = pytest.mark.usefixtures("stores")


async def ask(built: Any, key: str, *, body: bytes = b"", query: str = "", **parameters: str) -> Response:
    request = request_to(
        "POST", "v1/keys", parameters, headers=[("authorization", f"Bearer {key}")], body=body, query=query
    )
    answer: Response = await built._function.get_user_function()(request=request)
    return answer


@pytest.fixture
def admin(owner: str) -> str:
    return store.create(owner, name="boss", role="admin", by="test")[0].text


def said(answer: Response) -> Any:
    return json.loads(bytes(answer.body))


async def test_a_key_is_told_once_and_works(admin: str, owner: str) -> None:
    made = await ask(keys.create_key, admin, body=b'{"name": "ci", "role": "viewer", "expires_days": 1}')
    assert (made.status_code, made.headers["cache-control"]) == (201, "no-store")
    key = read_key(said(made)["key"])
    assert key is not None
    assert said(made)["created_by"] == f"key:{admin[4:14]}"
    me = await ask(keys.get_me, key.text)
    assert said(me) == {"tenant": owner, "subject": f"key:{key.prefix}", "role": "viewer"}
    listed = await ask(keys.list_keys, admin)
    assert {one["prefix"] for one in said(listed)["keys"]} == {key.prefix, admin[4:14]}
    assert key.text not in bytes(listed.body).decode()
    assert "digest" not in bytes(listed.body).decode()


async def test_a_list_of_keys_has_pages(admin: str, owner: str) -> None:
    store.create(owner, name="second", role="viewer", by="test")
    first = said(await ask(keys.list_keys, admin, query="limit=1"))
    second = said(await ask(keys.list_keys, admin, query=f"limit=1&cursor={first['next']}"))
    assert [len(first["keys"]), len(second["keys"]), second["next"]] == [1, 1, None]
    assert first["keys"] != second["keys"]


async def test_a_revoked_key_is_out_at_once_where_it_was_revoked(admin: str, owner: str) -> None:
    key, _ = store.create(owner, name="ci", role="viewer", by="test")
    assert (await ask(keys.get_me, key.text)).status_code == 200
    for _ in range(2):
        assert (await ask(keys.revoke_key, admin, prefix=key.prefix)).status_code == 204
    assert (await ask(keys.get_me, key.text)).status_code == 401


async def test_no_key_can_revoke_itself(admin: str) -> None:
    answer = await ask(keys.revoke_key, admin, prefix=admin[4:14])
    assert (answer.status_code, said(answer)["type"].rpartition("/")[2]) == (409, "conflict")
    assert (await ask(keys.get_me, admin)).status_code == 200


@pytest.mark.parametrize("prefix", ["nonsense", "0000000000", "tenant:default", "..%2f"])
async def test_a_key_that_is_not_there_is_not_found(admin: str, prefix: str) -> None:
    assert (await ask(keys.revoke_key, admin, prefix=prefix)).status_code == 404


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (b'{"role": "viewer"}', "/name"),
        (b'{"name": " ", "role": "viewer"}', "/name"),
        (b'{"name": "a", "role": "owner"}', "/role"),
        (b'{"name": "a", "role": "viewer", "expires_days": 0}', "/expires_days"),
        (b'{"name": "a", "role": "viewer", "tenant": "other"}', "/tenant"),
    ],
)
async def test_a_key_that_cannot_be_is_a_problem(admin: str, body: bytes, pointer: str) -> None:
    answer = await ask(keys.create_key, admin, body=body)
    assert (answer.status_code, said(answer)["errors"][0]["pointer"]) == (422, pointer)


async def test_a_tenant_has_so_many_keys_that_count(admin: str, owner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIXCRAWLER_API_KEYS", "3")
    settings.cache_clear()
    try:
        wanted = b'{"name": "ci", "role": "viewer"}'
        made = [await ask(keys.create_key, admin, body=wanted) for _ in range(3)]
        assert [one.status_code for one in made] == [201, 201, 409]
        refused = said(made[2])
        assert (refused["type"].rsplit("/", 1)[1], refused["used"], refused["limit"]) == ("too-many-keys", 3, 3)
        await ask(keys.revoke_key, admin, prefix=said(made[0])["prefix"])
        assert (await ask(keys.create_key, admin, body=wanted)).status_code == 201
    finally:
        monkeypatch.undo()
        settings.cache_clear()


async def test_what_is_asked_with_a_key_that_ended_is_in_the_trail_of_its_tenant(admin: str, owner: str) -> None:
    made = said(await ask(keys.create_key, admin, body=b'{"name": "ci", "role": "viewer"}'))
    await ask(keys.revoke_key, admin, prefix=made["prefix"])
    assert (await ask(keys.get_me, made["key"])).status_code == 401
    assert (await ask(keys.create_key, made["key"], body=b"{}")).status_code == 401
    assert (await ask(keys.get_me, made["key"][:-1])).status_code == 401, "who has not the whole of it is nobody"
    found = audit.page(
        owner, action="key.refuse", subject=None, dataset=None, since=None, until=None, size=9, cursor=None
    ).items
    assert [(one.outcome, one.status, one.subject) for one in found] == [("refused", 401, f"key:{made['prefix']}")] * 2
    assert [one.facts for one in found] == [
        {"key": "revoked", "operation": "create_key"},
        {"key": "revoked", "operation": "get_me"},
    ]
    assert made["key"] not in "".join(one.model_dump_json() for one in found)
