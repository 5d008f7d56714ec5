"""The handlers of uploads on real stores, called as the stages call them."""

import json
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response

from functions import uploads as handlers
from shared import uploads
from shared.access import Principal
from shared.problems import ProblemError
from shared.settings import Settings
from shared.upload_files import incoming_folder
from tests.functions.asking import request
from tests.shared.conftest import configured, owner, stores  # noqa: F401 (fixtures)

pytestmark = pytest.mark.usefixtures("stores")


async def call(handler: Any, tenant: str, *chunks: bytes, upload: str = "", **headers: str) -> Response:
    """Call a handler behind its stages."""
    asked: Request = request("", {name.replace("_", "-"): value for name, value in headers.items()}, *chunks)
    asked.state.principal = Principal(tenant=tenant, subject="test", role="editor")
    asked.scope["path_params"] = {"upload": upload}
    found: Response = await handler._function.get_user_function().__wrapped__(asked)
    return found


def read(answer: Response) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(bytes(answer.body))
    return found


async def announced(tenant: str, **changes: object) -> dict[str, Any]:
    body = json.dumps({"kind": "images", "filename": "pets.zip", **changes}).encode()
    answer = await call(handlers.create_upload, tenant, body)
    assert answer.status_code == 201
    return read(answer)


async def test_an_upload_is_announced_listed_filled_and_removed(owner: str) -> None:  # noqa: F811
    made = await announced(owner)
    assert made["state"] == "waiting"
    assert f"uploads/{owner}/incoming/{made['id']}?" in made["signed"]["url"]
    pieces = [bytes([number]) * 3_000_000 for number in range(4)]
    answer = await call(handlers.put_upload_content, owner, *pieces, upload=made["id"])
    assert answer.status_code == 202
    assert incoming_folder(owner).read(made["id"]) == b"".join(pieces)
    with pytest.raises(ProblemError) as caught:
        await call(handlers.put_upload_content, owner, b"again", upload=made["id"])
    assert caught.value.status == 409
    listed = read(await call(handlers.list_uploads, owner))["uploads"]
    assert [one["id"] for one in listed] == [made["id"]]
    assert "signed" not in listed[0]
    assert read(await call(handlers.get_upload, owner, upload=made["id"])) == {**listed[0], "report": None}
    assert (await call(handlers.delete_upload, owner, upload=made["id"])).status_code == 204
    assert uploads.find(owner, made["id"]) is None
    assert not incoming_folder(owner).exists(made["id"])


@pytest.mark.parametrize("handler", [handlers.get_upload, handlers.put_upload_content, handlers.delete_upload])
async def test_what_is_not_yours_is_not_there(owner: str, handler: Any) -> None:  # noqa: F811
    made = await announced(owner)
    for tenant, upload in ((owner[::-1], made["id"]), (owner, "0" * 32), (owner, "nonsense")):
        with pytest.raises(ProblemError) as caught:
            await call(handler, tenant, b"x", upload=upload)
        assert caught.value.status == 404


async def test_too_many_bytes_are_refused_whether_they_are_announced_or_come(
    owner: str,  # noqa: F811
    configured: Settings,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    small = configured.model_copy(update={"max_upload_bytes": 1_000})
    monkeypatch.setattr(handlers, "settings", lambda: small)
    with pytest.raises(ProblemError) as caught:
        await announced(owner, size_bytes=1_001)
    assert (caught.value.status, caught.value.errors[0].pointer) == (422, "/size_bytes")
    made = await announced(owner, size_bytes=10)
    for chunks, headers in (([b"x" * 11], {}), ([b"x" * 6, b"x" * 6], {}), ([b""], {"content_length": "11"})):
        with pytest.raises(ProblemError) as caught:
            await call(handlers.put_upload_content, owner, *chunks, upload=made["id"], **headers)
        assert caught.value.status == 413
    assert not incoming_folder(owner).exists(made["id"])
