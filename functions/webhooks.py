"""Webhooks over HTTP: made, listed, removed, tried out, and what became of each delivery."""

import re
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, HttpUrl
from starlette.requests import Request
from starlette.responses import Response

from functions.http import API, PageQuery, asked, in_thread, json_body, json_response
from functions.operations import Blueprint
from functions.preconditions import require_match
from functions.stages.idempotency import new_id
from functions.stages.identify import caller
from shared import webhooks
from shared.documents import now
from shared.problems import not_found, precondition_failed
from shared.progress import View
from shared.webhooks import DeliveryDocument, Event, Sent, WebhookDocument

routes = Blueprint("webhooks")
bp = routes.bp

_ID = re.compile(r"[0-9a-f]{32}")


def _distinct(events: tuple[Event, ...]) -> tuple[Event, ...]:
    if len(set(events)) < len(events):
        msg = "name every event once"
        raise ValueError(msg)
    return events


class WebhookRequest(BaseModel):
    """Who is to be told what."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    url: HttpUrl = Field(description="where events are POSTed to; https")
    events: Annotated[tuple[Event, ...], AfterValidator(_distinct)] = Field(
        min_length=1, description="which events; each once"
    )
    description: str = Field(default="", max_length=200, description="for people")


class WebhookView(View):
    """A webhook. `disabled` says why nothing is sent there any more."""

    id: str
    url: str
    events: tuple[Event, ...]
    description: str
    created: datetime
    disabled: str | None


class NewWebhookView(WebhookView):
    """A webhook that was made just now, with the secret that verifies its messages: it is not shown again."""

    secret: str


class WebhookList(View):
    """All webhooks, oldest first."""

    webhooks: tuple[WebhookView, ...]


class DeliveryView(View):
    """One attempt to deliver an event. No `status`: there was no answer, and `error` says why."""

    message: str
    event: Sent
    attempt: int
    accepted: bool
    status: int | None
    error: str | None
    seconds: float
    at: datetime


class DeliveryList(View):
    """A page of attempts, newest first."""

    deliveries: tuple[DeliveryView, ...]
    next: str | None


@routes.operation(
    "POST",
    "v1/webhooks",
    role="admin",
    body=WebhookRequest,
    answers={201: NewWebhookView},
    problems=(409,),
    action="webhook.create",
    replayable=False,
)
async def create_webhook(request: Request) -> Response:
    """Tell an address of yours what happens: 201 with the secret that signs it, which is shown this once.

    Messages are as standardwebhooks.com has them. One that is not answered 2xx within ten seconds is sent again, with
    the same `webhook-id`, after pauses that grow to hours. An answer 410 ends it; redirects are not followed.
    """
    wanted = await json_body(request, WebhookRequest)
    document = WebhookDocument(
        id=new_id(request),
        owner=caller(request).tenant,
        url=webhooks.check_url(wanted.url),
        events=wanted.events,
        description=wanted.description,
    )
    made = await in_thread(webhooks.create, document)
    shown = NewWebhookView(**_view(made).model_dump(), secret=document.secret.get_secret_value())
    return json_response(shown, 201, location=f"{API}/webhooks/{made.id}", **{"cache-control": "no-store"})


@routes.operation("GET", "v1/webhooks", role="admin", answers={200: WebhookList})
async def list_webhooks(request: Request) -> Response:
    """All webhooks of the tenant, oldest first, without their secrets."""
    found = await in_thread(webhooks.of_owner, caller(request).tenant)
    return json_response(WebhookList(webhooks=tuple(_view(one) for one in found)))


@routes.operation("GET", "v1/webhooks/{webhook}", role="admin", answers={200: WebhookView})
async def get_webhook(request: Request) -> Response:
    """One webhook, without its secret."""
    return json_response(_view(await _named(request)))


@routes.operation(
    "DELETE", "v1/webhooks/{webhook}", role="admin", answers={204: None}, problems=(412,), action="webhook.delete"
)
async def delete_webhook(request: Request) -> Response:
    """Tell that address nothing more; deliveries that wait for another attempt end."""
    document = await _named(request)
    require_match(request, lambda: _view(document))
    if not await in_thread(webhooks.remove, document):
        raise precondition_failed()
    return Response(status_code=204)


@routes.operation(
    "POST", "v1/webhooks/{webhook}/test", role="admin", answers={200: DeliveryView}, action="webhook.test"
)
async def test_webhook(request: Request) -> Response:
    """Send an event `webhook.test` now and tell what came of it: 200 also when it was not accepted.

    A webhook that was disabled is enabled again when it accepts.
    """
    from shared.steps import notify

    document = await _named(request)
    delivery = await in_thread(notify.send_test, document, f"msg_{new_id(request)}", now())
    return json_response(_line(delivery))


@routes.operation("GET", "v1/webhooks/{webhook}/deliveries", role="admin", query=PageQuery, answers={200: DeliveryList})
async def list_deliveries(request: Request) -> Response:
    """The attempts of the last 30 days, newest first."""
    query = asked(request, PageQuery)
    document = await _named(request)
    found = await in_thread(webhooks.deliveries, document.owner, document.id, size=query.limit, cursor=query.cursor)
    return json_response(DeliveryList(deliveries=tuple(_line(one) for one in found.items), next=found.cursor))


async def _named(request: Request) -> WebhookDocument:
    """The webhook in the path; `ProblemError` 404 if this tenant has none of that id."""
    text = str(request.path_params["webhook"])
    if not _ID.fullmatch(text):
        raise not_found("webhook")
    return await in_thread(webhooks.get, caller(request).tenant, text)


def _view(document: WebhookDocument) -> WebhookView:
    return WebhookView(**document.model_dump(include=set(WebhookView.model_fields)))


def _line(document: DeliveryDocument) -> DeliveryView:
    shown = document.model_dump(include=set(DeliveryView.model_fields))
    return DeliveryView(**shown, accepted=document.accepted)
