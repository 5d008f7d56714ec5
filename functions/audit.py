"""The audit trail over HTTP: read, never written to."""

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BeforeValidator, Field
from starlette.requests import Request
from starlette.responses import Response

from functions.http import PageQuery, asked, in_thread, json_response
from functions.operations import Blueprint
from functions.stages.identify import caller
from shared import audit
from shared.audit import AuditLine, Outcome
from shared.progress import View

routes = Blueprint("audit")
bp = routes.bp


class AuditView(View):
    """One line. Lines of one change have the same `request`."""

    id: str
    request: str
    at: datetime
    subject: str
    role: str | None
    action: str
    outcome: Outcome
    status: int | None
    dataset: str | None
    target: dict[str, str]
    facts: dict[str, str | int]
    address: str | None
    trace: str | None


class AuditList(View):
    """A page of lines, newest first."""

    lines: tuple[AuditView, ...]
    next: str | None


def _text_of_a_time(text: object) -> object:
    """RFC 3339 alone: pydantic would also take seconds since 1970."""
    if isinstance(text, str) and "T" not in text.upper():
        msg = "a time is wanted, as in 2026-01-31T12:00:00Z"
        raise ValueError(msg)
    return text


Time = Annotated[AwareDatetime, BeforeValidator(_text_of_a_time)]


class AuditQuery(PageQuery):
    """Which lines to list."""

    action: str | None = Field(default=None, max_length=100, description="as in the lines: `dataset.delete`")
    subject: str | None = Field(default=None, max_length=500, description="who; `system` is the service itself")
    dataset: str | None = Field(default=None, max_length=100, description="lines about this dataset")
    since: Time | None = Field(default=None, alias="from", description="the earliest, with its time zone")
    until: Time | None = Field(default=None, alias="to", description="before this, with its time zone")


@routes.operation("GET", "v1/audit", role="admin", query=AuditQuery, answers={200: AuditList})
async def list_audit(request: Request) -> Response:
    """Who did, or tried to do, what: a page of the audit trail, newest first.

    A change has a line `begun` and one that says how it ended, with the same `request`; what a role forbids, and each
    use of a key that is revoked or expired (`key.refuse`), has one that says `refused`. `action`, `subject`,
    `dataset`, `from` and `to` filter.
    """
    query = asked(request, AuditQuery)
    found = await in_thread(
        audit.page,
        caller(request).tenant,
        action=query.action,
        subject=query.subject,
        dataset=query.dataset,
        since=query.since,
        until=query.until,
        size=query.limit,
        cursor=query.cursor,
    )
    return json_response(AuditList(lines=tuple(_view(one) for one in found.items), next=found.cursor))


def _view(line: AuditLine) -> AuditView:
    return AuditView(**line.model_dump(include=set(AuditView.model_fields)))
