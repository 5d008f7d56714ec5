"""Every operation that changes a thing that is there heeds If-Match, with the ETag that a read of the thing has."""

import json
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from inspect import signature
from typing import Any

import azure.durable_functions as df
import pytest
from starlette.responses import Response

import function_app  # noqa: F401 (declares all operations)
from functions import curation, datasets, retention, takedowns, uploads, versions, webhooks
from functions.operations import OPERATIONS
from functions.stages import conditional
from shared import curation as decisions
from shared import datasets as documents
from shared import shards
from shared import takedowns as entries
from shared import uploads as upload_documents
from shared import versions as version_documents
from shared import webhooks as hooks
from shared.access import Principal
from shared.documents import now
from shared.problems import ProblemError
from shared.steps import freeze
from shared.takedowns import TakedownDocument
from shared.uploads import UploadDocument
from shared.versions import VersionRequest
from shared.webhooks import WebhookDocument
from tests.functions.asking import handler, request
from tests.shared.conftest import store
from tests.shared.steps.test_curate import KEYS, built

pytestmark = pytest.mark.usefixtures("stores")

HEEDLESS = {
    "revoke_key": "no read shows one key alone, and its `last_used` changes all the time",
    "test_webhook": "sends a message and changes nothing that its caller could have seen otherwise",
}
"""Operations on a thing that is there which do not heed If-Match, and why."""

type Path = dict[str, str]


def finished(owner: str) -> Path:
    """A dataset with images that has ended."""
    task = built(owner)
    assert documents.change(owner, task.dataset, lambda one: one.moved("incomplete")) is not None
    return {"dataset": task.dataset}


def running(owner: str) -> Path:
    return {"dataset": store(owner).dataset}


def frozen(owner: str) -> Path:
    """A dataset with a version."""
    path = finished(owner)
    made, _ = freeze.freeze(owner, path["dataset"], VersionRequest(), "jane")
    return {**path, "version": str(made.number)}


def uploaded(owner: str) -> Path:
    document = UploadDocument(id=uuid.uuid4().hex, owner=owner, kind="images", filename="a.zip")
    return {"upload": upload_documents.create(document).id}


def hooked(owner: str) -> Path:
    made = WebhookDocument(id=uuid.uuid4().hex, owner=owner, url="https://a.example/", events=("dataset.ready",))
    hooks.create(made)
    return {"webhook": made.id}


def taken_down(owner: str) -> Path:
    entry = "host:a.example"
    made = TakedownDocument(id=entries.takedown_id(owner, entry), owner=owner, entry=entry, reason="asked", by="key:a")
    entries.put(made)
    return {"takedown": made.id}


def touch_dataset(owner: str, path: Path) -> None:
    """Somebody else changes it."""
    documents.change(owner, path["dataset"], lambda one: one.model_copy(update={"updated": now()}))


def touch_version(_: str, path: Path) -> None:
    document = version_documents.get(path["dataset"], int(path["version"]))
    version_documents.put(document.model_copy(update={"amended": now()}))


def touch_upload(owner: str, path: Path) -> None:
    upload_documents.change(owner, path["upload"], lambda one: one.model_copy(update={"updated": now()}))


def touch_webhook(owner: str, path: Path) -> None:
    hooks.change(owner, path["webhook"], lambda one: one.model_copy(update={"url": "https://b.example/"}))


def touch_takedown(owner: str, path: Path) -> None:
    entries.change(owner, path["takedown"], lambda one: one.model_copy(update={"uploaded": 7}))


@dataclass(frozen=True)
class Case:
    """`make` makes the thing, `touch` changes it behind the caller's back; `read` shows it."""

    change: Any
    read: Any
    make: Callable[[str], Path]
    touch: Callable[[str, Path], None]
    answers: int
    body: dict[str, object] | None = field(default=None)


CASES = {
    "cancel_dataset": Case(datasets.cancel_dataset, datasets.get_dataset, running, touch_dataset, 200),
    "delete_dataset_request": Case(datasets.delete_dataset_request, datasets.get_dataset, running, touch_dataset, 202),
    "put_retention": Case(
        retention.put_retention, datasets.get_dataset, running, touch_dataset, 200, {"days": 3, "then": "delete"}
    ),
    "curate_images": Case(
        curation.curate_images, datasets.get_dataset, finished, touch_dataset, 202,
        {"action": "reject", "keys": KEYS[:1]},
    ),
    "refresh_dataset": Case(
        curation.refresh_dataset, datasets.get_dataset, finished, touch_dataset, 202, {"images_per_label": 90}
    ),
    "create_version": Case(versions.create_version, datasets.get_dataset, finished, touch_dataset, 201, {}),
    "create_version_export": Case(
        versions.create_version_export, versions.get_version, frozen, touch_version, 202, {"format": "csv"}
    ),
    "put_upload_content": Case(uploads.put_upload_content, uploads.get_upload, uploaded, touch_upload, 202, {}),
    "delete_upload": Case(uploads.delete_upload, uploads.get_upload, uploaded, touch_upload, 204),
    "delete_webhook": Case(webhooks.delete_webhook, webhooks.get_webhook, hooked, touch_webhook, 204),
    "lift_takedown": Case(takedowns.lift_takedown, takedowns.get_takedown, taken_down, touch_takedown, 204),
}  # fmt: skip


@dataclass(frozen=True)
class Api:
    """Asks through the stage that tags reads, to the handler."""

    owner: str
    client: df.DurableFunctionsClient

    async def __call__(self, name: str, built: Any, path: Path, body: object = None, **headers: str) -> Response:
        operation = next(one for one in OPERATIONS if one.name == name)
        chunks = () if body is None else (json.dumps(body).encode(),)
        given = {key.replace("_", "-"): value for key, value in headers.items()}
        asked = request("", given, *chunks, principal=Principal(self.owner, "key:a", "admin"), **path)
        asked.state.operation = operation
        work = handler(built)
        more = (self.client,) if "client" in signature(work).parameters else ()

        def proceed() -> Awaitable[Response]:
            found: Awaitable[Response] = work(asked, *more)
            return found

        return await conditional.stage(operation, asked, proceed)


def test_every_operation_on_a_thing_that_is_there_is_decided_about() -> None:
    changing = {one.name: one for one in OPERATIONS if one.method != "GET" and "{" in one.path}
    assert changing.keys() == CASES.keys() | HEEDLESS.keys()
    assert {name for name, one in changing.items() if 412 in one.problems} == CASES.keys()
    assert [one.name for one in OPERATIONS if 412 in one.problems and one.name not in changing] == []


@pytest.mark.parametrize("name", CASES)
async def test_it_is_changed_as_it_was_seen_or_not_at_all(
    name: str, owner: str, client: df.DurableFunctionsClient
) -> None:
    case, api = CASES[name], Api(owner, client)
    path = case.make(owner)
    seen = (await api(_name(case.read), case.read, path)).headers["etag"]
    case.touch(owner, path)
    with pytest.raises(ProblemError) as caught:
        await api(name, case.change, path, case.body, if_match=seen)
    assert caught.value.status == 412
    tagged = await api(_name(case.read), case.read, path)
    assert tagged.headers["etag"] != seen
    assert (await api(name, case.change, path, case.body, if_match=tagged.headers["etag"])).status_code == case.answers


def _name(built: Any) -> str:
    name: str = handler(built).__name__
    return name


async def test_nobody_curates_between_the_look_and_the_change(
    owner: str, client: df.DurableFunctionsClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, api = finished(owner), Api(owner, client)
    seen = (await api("get_dataset", datasets.get_dataset, path)).headers["etag"]
    weigh = decisions.weigh

    def slowly(*given: Any) -> Any:
        touch_dataset(owner, path)
        return weigh(*given)

    monkeypatch.setattr(decisions, "weigh", slowly)
    before = list(shards.rows(path["dataset"]))
    with pytest.raises(ProblemError) as caught:
        await api("curate_images", curation.curate_images, path, {"action": "reject", "keys": KEYS[:1]}, if_match=seen)
    assert (caught.value.status, list(shards.rows(path["dataset"]))) == (412, before)
