"""Every operation, every role, another tenant, every kind of bad credential: who may do what, in one table.

A new operation needs a line in `TABLE`: the least role that may ask, and what it takes to ask well.
"""

import json
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any, get_args

import pytest
from starlette.responses import Response

import function_app  # noqa: F401 (declares all operations)
from functions.operations import OPERATIONS, Operation
from local.host.durable.hub import TaskHub
from shared import cosmos, datasets, rights, shards, takedowns, uploads, webhooks
from shared.access import Role
from shared.blobs import dataset_folder
from shared.documents import Counts, ShardDocument, now
from shared.issuers import Issuer
from shared.keys import store
from shared.keys.text import new_key
from shared.settings import Settings, settings
from shared.steps import freeze
from shared.tasks import VersionExportTask
from shared.uploads import UploadDocument
from shared.versions import VersionRequest
from tests.builder.photos import encoded, picture
from tests.functions.asking import request_to
from tests.shared import conftest as stored
from tests.shared.issuing import AUDIENCE, ISSUER, Authority, serving_keys
from tests.shared.steps.test_curate import built

type Parameters = dict[str, str]

ROLES: tuple[Role, ...] = get_args(Role)
SPEC = b'{"name": "pets", "labels": [{"name": "cat", "urls": ["http://a.example/1.jpg"]}], "sources": ["urls"]}'


def nothing(_: str) -> Parameters:
    return {}


def dataset(tenant: str) -> Parameters:
    return {"dataset": stored.store(tenant, exports=["csv"]).dataset}


def image(tenant: str) -> Parameters:
    told = dataset(tenant)
    data = encoded(picture(0))
    dataset_folder(told["dataset"]).write("shards/cat-00000.tar", data)
    found = stored.row(0, format="jpeg", shard="shards/cat-00000.tar", offset=0, size_bytes=len(data))
    shards.put(
        ShardDocument(
            id="cat-00000",
            dataset=told["dataset"],
            label="cat",
            number=0,
            state="validated",
            counts=Counts.of([found]),
            images=(found,),
        )
    )
    return {**told, "image": found.key}


def export(tenant: str) -> Parameters:
    told = dataset(tenant)
    files = [{"name": "a.csv", "bytes": 1, "sha256": "00"}]
    dataset_folder(told["dataset"]).write("exports/csv.files.json", json.dumps(files).encode())
    return {**told, "format": "csv"}


def key(tenant: str) -> Parameters:
    return {"prefix": store.create(tenant, name="thing", role="viewer", by="test")[1].id}


def upload(tenant: str) -> Parameters:
    return {
        "upload": uploads.create(UploadDocument(id=uuid.uuid4().hex, owner=tenant, kind="urls", filename="a.txt")).id
    }


def webhook(tenant: str) -> Parameters:
    document = webhooks.WebhookDocument(
        id=uuid.uuid4().hex, owner=tenant, url="https://127.0.0.1:9/hook", events=("dataset.ready",)
    )
    return {"webhook": webhooks.create(document).id}


def ended(tenant: str) -> Parameters:
    told = image(tenant)
    datasets.change(tenant, told["dataset"], lambda document: document.moved("ready"))
    return told


def two_ended(tenant: str) -> Parameters:
    return {"first": ended(tenant)["dataset"], "second": ended(tenant)["dataset"]}


def merging(parameters: Parameters) -> bytes:
    return json.dumps({"name": "both", "datasets": [parameters["first"], parameters["second"]]}).encode()


def finished(tenant: str) -> Parameters:
    return {"dataset": built(tenant, images=7).dataset}


def version(tenant: str) -> Parameters:
    told = finished(tenant)
    freeze.freeze(tenant, told["dataset"], VersionRequest(), "test")
    return {**told, "version": "1"}


def exported_version(tenant: str) -> Parameters:
    told = version(tenant)
    freeze.export(VersionExportTask(owner=tenant, dataset=told["dataset"], version=1, format="csv"))
    return {**told, "format": "csv"}


def tenant_export(tenant: str) -> Parameters:
    return {"export": rights.create_export(rights.ExportDocument(id=uuid.uuid4().hex, owner=tenant)).id}


def tenant(tenant: str) -> Parameters:
    return {"tenant": tenant}


def confirming(parameters: Parameters) -> bytes:
    return json.dumps({"confirm": parameters["tenant"]}).encode()


def erasure(tenant: str) -> Parameters:
    begun = rights.ErasureDocument(owner=tenant, erasure=uuid.uuid4().hex, by="test")
    return {"erasure": rights.begin_erasure(begun).erasure}


def takedown(tenant: str) -> Parameters:
    entry = "http://a.example/1.jpg"
    document = takedowns.TakedownDocument(
        id=takedowns.takedown_id(tenant, entry), owner=tenant, entry=entry, reason="asked", by="test"
    )
    return {"takedown": takedowns.put(document).id}


@dataclass(frozen=True)
class Row:
    """`role`: the least that may ask. `things`: makes what the path (or a body that is made of it) names, for a tenant;
    the rest is the request."""

    role: Role | None
    things: Callable[[str], Parameters] = nothing
    query: str = ""
    body: bytes | Callable[[Parameters], bytes] = b""
    content_type: str = "application/json"
    foreign: int = 404  # what another tenant is answered


TABLE: dict[str, Row] = {
    "health_live": Row(None),
    "health_ready": Row(None),
    "get_openapi": Row(None),
    "read_docs": Row(None),
    "get_collection": Row(None),
    "get_me": Row("viewer"),
    "list_datasets": Row("viewer"),
    "create_dataset": Row("editor", body=SPEC),
    "get_dataset": Row("viewer", dataset),
    "cancel_dataset": Row("editor", dataset),
    "delete_dataset_request": Row("editor", dataset),
    "list_images": Row("viewer", image),
    "get_image": Row("viewer", image),
    "get_thumbnail": Row("viewer", image),
    "list_exports": Row("viewer", export),
    "link_export": Row("viewer", export),
    "create_url_list": Row("editor", body=b"http://a.example/1.jpg\n", content_type="text/plain"),
    "watch_dataset": Row("viewer", dataset),
    "get_usage": Row("viewer"),
    "create_upload": Row("editor", body=b'{"kind": "urls", "filename": "a.txt"}'),
    "list_uploads": Row("viewer"),
    "get_upload": Row("viewer", upload),
    "put_upload_content": Row("editor", upload, body=b"x", content_type="application/octet-stream"),
    "delete_upload": Row("editor", upload),
    "create_webhook": Row("admin", body=b'{"url": "https://a.example/hook", "events": ["dataset.ready"]}'),
    "list_webhooks": Row("admin"),
    "get_webhook": Row("admin", webhook),
    "delete_webhook": Row("admin", webhook),
    "test_webhook": Row("admin", webhook),
    "list_deliveries": Row("admin", webhook),
    "curate_images": Row("editor", ended, body=b'{"action": "reject", "filter": {"label": "cat"}}'),
    "refresh_dataset": Row("editor", ended, body=b'{"images_per_label": 200}'),
    "merge_datasets": Row("editor", two_ended, body=merging),
    "create_version": Row("editor", finished, body=b"{}"),
    "list_versions": Row("viewer", version),
    "get_version": Row("viewer", version),
    "get_version_diff": Row("viewer", version),
    "list_version_exports": Row("viewer", version),
    "create_version_export": Row("editor", version, body=b'{"format": "csv"}'),
    "link_version_export": Row("viewer", exported_version),
    "analyze_image": Row("viewer", body=encoded(picture(0)), content_type="image/jpeg"),
    "list_audit": Row("admin"),
    "put_retention": Row("editor", dataset, body=b'{"days": 30, "then": "delete"}'),
    "export_tenant": Row("admin"),
    "get_tenant_export": Row("admin", tenant_export),
    "erase_tenant": Row("admin", tenant, body=confirming, foreign=422),
    "get_erasure": Row("admin", erasure),
    "create_takedown": Row("admin", body=b'{"url": "http://a.example/1.jpg", "reason": "asked"}'),
    "list_takedowns": Row("admin"),
    "get_takedown": Row("admin", takedown),
    "lift_takedown": Row("admin", takedown),
    "list_keys": Row("admin"),
    "create_key": Row("admin", body=b'{"name": "ci", "role": "viewer"}'),
    "revoke_key": Row("admin", key),
}
KNOWN = [one for one in OPERATIONS if one.name in TABLE]
ASKING = [one for one in KNOWN if TABLE[one.name].role is not None]


@cache
def standing(things: Callable[[str], Parameters]) -> tuple[str, Parameters]:
    """Things of a tenant `acme-{the first}`, for requests that leave them as they are: reads, and what is refused."""
    name = uuid.uuid4().hex
    return name, things(f"acme-{name}")


def things_of(operation: Operation) -> tuple[str, Parameters]:
    """As `standing`; of a tenant of their own for an operation that changes them."""
    things = TABLE[operation.name].things
    if operation.method == "GET":
        return standing(things)
    name = uuid.uuid4().hex
    return name, things(f"acme-{name}")


def names_things(operation: Operation) -> bool:
    return TABLE[operation.name].things is not nothing


def by_name(operation: Operation) -> str:
    return operation.name


@pytest.fixture(scope="module")
def hub() -> Iterator[str]:
    """What the host tells a Durable client."""
    running = TaskHub()
    address = running.start()
    yield json.dumps({"taskHubName": "t", "rpcBaseUrl": f"http://{address}", "baseUrl": f"http://{address}"})
    running.stop()


@pytest.fixture(scope="module", autouse=True)
def issuer(configured: Settings) -> Iterator[Issuer]:
    """An issuer that may speak for the tenants whose names begin with `acme-`."""
    patch = pytest.MonkeyPatch()
    with serving_keys() as server:
        server.publish(one=Authority().key)
        told = {
            "name": "entra", "issuer": ISSUER, "audience": [AUDIENCE], "jwks_url": server.url, "tenant_prefix": "acme-",
        }  # fmt: skip
        patch.setenv("PIXCRAWLER_ISSUERS", json.dumps([told]))
        patch.setenv("PIXCRAWLER_REFUSED_PER_MINUTE", "0")  # wrong credentials are what this sends
        settings.cache_clear()
        yield settings().issuers[0]
        patch.undo()
        settings.cache_clear()


@pytest.fixture(autouse=True)
def _with_stores(stores: Settings) -> None:
    """Every test has the stores."""


type Ask = Callable[..., Any]


@pytest.fixture
def ask(hub: str) -> Ask:
    """Asks an operation through its stages, as the worker does: `await ask(operation, parameters, *authorization)`."""

    async def asked(operation: Operation, parameters: Parameters, *authorization: str) -> Response:
        told = TABLE[operation.name]
        headers = [("content-type", told.content_type), *(("authorization", one) for one in authorization)]
        body = told.body if isinstance(told.body, bytes) else told.body(parameters)
        request = request_to(operation.method, operation.path, parameters, query=told.query, headers=headers, body=body)
        function = handler(operation)
        bindings = {"client": hub} if "client" in function.__annotations__ else {}
        found: Response = await function(request=request, **bindings)
        return found

    return asked


def handler(operation: Operation) -> Any:
    """What the worker calls for an operation."""
    modules = [module for name, module in sys.modules.items() if name.startswith("functions.")]
    built = next(found for module in modules if (found := getattr(module, operation.name, None)) is not None)
    return built._function.get_user_function()


def bearer(tenant: str, role: Role) -> str:
    return f"Bearer {store.create(tenant, name=role, role=role, by='test')[0].text}"


def ended_key(tenant: str, field: str) -> str:
    made, _ = store.create(tenant, name=field, role="admin", by="test")
    change = {"op": "set", "path": f"/{field}", "value": (now() - timedelta(seconds=1)).isoformat()}
    cosmos.container("principals").patch_item(made.prefix, made.prefix, [change])
    return made.text


def succeeded(operation: Operation, answer: Response) -> bool:
    good = [status for status in operation.answers if status < 400]
    return answer.status_code in good


def test_every_operation_is_in_the_table() -> None:
    missing = [one for one in OPERATIONS if one.name not in TABLE]
    lines = "\n".join(f'    "{one.name}": Row("{one.role}", ...),  # {one.method} {one.path}' for one in missing)
    assert not missing, f"say in TABLE who may ask, and how to make what the path names:\n{lines}"
    assert set(TABLE) == {one.name for one in OPERATIONS}, "TABLE names operations that are not there"


@pytest.mark.parametrize("operation", KNOWN, ids=by_name)
def test_the_least_role_is_the_table_s(operation: Operation) -> None:
    assert operation.role == TABLE[operation.name].role


@pytest.mark.parametrize("operation", [one for one in KNOWN if one not in ASKING], ids=by_name)
async def test_what_anybody_may_ask_is_answered_whatever_is_sent(operation: Operation, ask: Ask) -> None:
    for authorization in ((), ("Bearer hunter2",), ("Basic eDp5",)):
        assert succeeded(operation, await ask(operation, {}, *authorization))


@pytest.mark.parametrize("operation", ASKING, ids=by_name)
async def test_a_role_may_do_what_is_its_own_and_no_more(operation: Operation, ask: Ask) -> None:
    least = TABLE[operation.name].role
    assert least is not None
    for role in ROLES:
        enough = ROLES.index(role) >= ROLES.index(least)
        name, parameters = things_of(operation) if enough else standing(TABLE[operation.name].things)
        answer = await ask(operation, parameters, bearer(f"acme-{name}", role))
        if enough:
            assert succeeded(operation, answer), f"{role}: {answer.status_code} {bytes(answer.body)!r}"
        else:
            assert answer.status_code == 403, role
            assert answer.headers["www-authenticate"].endswith('error="insufficient_scope"')


@pytest.mark.parametrize("operation", [one for one in ASKING if names_things(one)], ids=by_name)
async def test_another_tenant_s_thing_is_not_there(operation: Operation, ask: Ask) -> None:
    name, parameters = things_of(operation)
    answer = await ask(operation, parameters, bearer(f"acme-{name}-other", "admin"))
    assert answer.status_code == TABLE[operation.name].foreign, bytes(answer.body)
    assert succeeded(operation, await ask(operation, parameters, bearer(f"acme-{name}", "admin"))), (
        "and it was not touched"
    )


@pytest.mark.parametrize("operation", [one for one in ASKING if not names_things(one)], ids=by_name)
async def test_what_names_no_thing_tells_nothing_of_another_tenant(operation: Operation, ask: Ask) -> None:
    told = [text for things in (image, key) for name, made in (standing(things),) for text in (name, *made.values())]
    answer = await ask(operation, {}, bearer("somebody-else", "admin"))
    assert succeeded(operation, answer)
    assert [one for one in told if one in bytes(answer.body).decode() and one != "cat-00000-00"] == []


@pytest.mark.parametrize("operation", ASKING, ids=by_name)
async def test_bad_credentials_open_nothing(operation: Operation, ask: Ask) -> None:
    name, parameters = things_of(operation)  # the good one is used too, at the end
    owner = f"acme-{name}"
    good = store.create(owner, name="good", role="admin", by="test")[0].text
    bad = {
        "malformed key": "pxc_abc", "cut key": good[:-1], "unknown key": new_key().text,
        "revoked key": ended_key(owner, "revoked"), "expired key": ended_key(owner, "expires"),
        **Authority().forgeries(),
    }  # fmt: skip
    for what, credential in bad.items():
        answer = await ask(operation, parameters, f"Bearer {credential}")
        assert answer.status_code == 401, what
        assert answer.headers["www-authenticate"].endswith('error="invalid_token"'), what
        assert credential not in bytes(answer.body).decode(), what
    none = {
        "nothing": (), "empty": ("",), "no credential": ("Bearer",), "blank": ("Bearer  ",), "no scheme": (good,),
        "other scheme": (f"Basic {good}",), "two": (f"Bearer {good}", f"Bearer {good}"),
    }  # fmt: skip
    for what, authorization in none.items():
        answer = await ask(operation, parameters, *authorization)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer realm="pixcrawler"'), what
    assert succeeded(operation, await ask(operation, parameters, f"bearer {good}")), "nothing was touched"


@pytest.mark.parametrize("operation", ASKING, ids=by_name)
async def test_a_good_token_opens_what_its_role_may(operation: Operation, ask: Ask) -> None:
    role = TABLE[operation.name].role
    owner, parameters = things_of(operation)
    stranger = await ask(operation, parameters, f"Bearer {Authority().token(tid=f'{owner}-other', roles=[role])}")
    assert "{" not in operation.path or stranger.status_code == 404
    assert succeeded(
        operation, await ask(operation, parameters, f"Bearer {Authority().token(tid=owner, roles=[role])}")
    )
    assert (await ask(operation, parameters, f"Bearer {Authority().token(tid=owner, roles=[])}")).status_code == 403
