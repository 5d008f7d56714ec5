"""API keys of a tenant over HTTP: made, listed, revoked; and who the caller is."""

from datetime import datetime

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from builder.spec import Model, Text
from functions.http import PageQuery, asked, in_thread, json_body, json_response
from functions.operations import Blueprint
from functions.stages.identify import caller
from shared.access import Role
from shared.keys import store, verify
from shared.keys.store import KeyDocument
from shared.problems import conflict
from shared.progress import View

routes = Blueprint("keys")
bp = routes.bp


class KeyRequest(Model):
    """A key that is wanted."""

    name: Text = Field(description="what it is for, in a list of keys")
    role: Role
    expires_days: int | None = Field(default=None, ge=1, le=3650, description="without it, the key does not expire")


class KeyView(View):
    """A key without its secret."""

    prefix: str
    name: str
    role: Role
    created: datetime
    created_by: str
    expires: datetime | None
    last_used: datetime | None = Field(description="to the minute or so")
    revoked: datetime | None


class NewKeyView(KeyView):
    """A key that has just been made."""

    key: str = Field(description="the whole key: it is told here, and never again")


class KeyList(View):
    """A page of keys, in the order of their prefixes."""

    keys: tuple[KeyView, ...]
    next: str | None


class MeView(View):
    """Who asks."""

    tenant: str
    subject: str
    role: Role


@routes.operation(
    "POST",
    "v1/keys",
    role="admin",
    body=KeyRequest,
    answers={201: NewKeyView},
    problems=(409,),
    action="key.create",
    replayable=False,
)
async def create_key(request: Request) -> Response:
    """Make an API key of your tenant: 201 with the key, which is told this once.

    409 `too-many-keys` when the tenant has as many that count as it may: revoke those that nobody uses.
    """
    principal = caller(request)
    wanted = await json_body(request, KeyRequest)
    await in_thread(store.check_room, principal.tenant)
    key, document = await in_thread(
        store.create,
        principal.tenant,
        name=wanted.name,
        role=wanted.role,
        by=principal.subject,
        expires_days=wanted.expires_days,
    )
    told = NewKeyView(**_shown(document), key=key.text)
    return json_response(told, 201, **{"cache-control": "no-store"})


@routes.operation("GET", "v1/keys", role="admin", query=PageQuery, answers={200: KeyList})
async def list_keys(request: Request) -> Response:
    """A page of your tenant's API keys, the revoked and expired ones too."""
    query = asked(request, PageQuery)
    found = await in_thread(store.page, caller(request).tenant, size=query.limit, cursor=query.cursor)
    keys = tuple(KeyView(**_shown(document)) for document in found.items)
    return json_response(KeyList(keys=keys, next=found.cursor))


@routes.operation("DELETE", "v1/keys/{prefix}", role="admin", answers={204: None}, problems=(409,), action="key.revoke")
async def revoke_key(request: Request) -> Response:
    """Revoke an API key for good; 409 for the key that asks.

    It counts nowhere any more within PIXCRAWLER_KEY_CACHE_SECONDS (10 unless set otherwise). As no key can revoke
    itself, a tenant does not lock itself out: replace a key by making another and revoking the old one with that.
    """
    principal = caller(request)
    prefix = str(request.path_params["prefix"])
    if principal.subject == f"key:{prefix}":
        raise conflict("A key cannot revoke itself: make another and revoke this one with that.")
    await in_thread(store.revoke, principal.tenant, prefix)
    verify.remembered.forget(prefix)
    return Response(status_code=204)


@routes.operation("GET", "v1/me", role="viewer", answers={200: MeView})
async def get_me(request: Request) -> Response:
    """Whom your credentials stand for: tenant, subject and role."""
    principal = caller(request)
    return json_response(MeView(tenant=principal.tenant, subject=principal.subject, role=principal.role))


def _shown(document: KeyDocument) -> dict[str, object]:
    same = document.model_dump(include={"name", "role", "created", "created_by", "expires", "revoked"})
    return {**same, "prefix": document.id, "last_used": document.used}
