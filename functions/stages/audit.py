"""A stage: changes leave lines in the audit trail, before and after; attempts that the role forbids leave one.

The line before is written first, and nothing is changed if that fails: a change never goes unrecorded. If the line
after cannot be written, the one before still says that it was begun.
"""

import logging
import re
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from functions.address import client_address
from functions.http import in_thread
from shared import audit
from shared.access import Principal
from shared.audit import AuditLine
from shared.keys.verify import EndedKeyError
from shared.problems import BEING_ERASED, ProblemError, no_audit
from shared.telemetry import trace
from shared.uuid7 import uuid7

if TYPE_CHECKING:
    from functions.operations import Operation
    from functions.stages import Proceed

log = logging.getLogger(__name__)

_DATASET = re.compile(r"/datasets/([0-9a-f]{32})$")
_MADE = re.compile(r"/([0-9A-Za-z_-]{1,80})$")
KEY_REFUSED = "key.refuse"
"""The action of lines about keys that are revoked or expired."""
_REFUSED, _FAILED = 400, 500
_UNAUTHORIZED, _FORBIDDEN = 401, 403


def note(request: Request, **facts: str | int) -> None:
    """Say, in a handler, what else the trail should tell of this change: names and counts, no secrets or people."""
    request.state.facts = {**getattr(request.state, "facts", {}), **facts}


async def attempts(operation: "Operation", request: Request, proceed: "Proceed") -> Response:
    """Write down who was not let in: in the tenant's trail a caller whose role forbids the change, and every use of a
    key that is revoked or expired, reads too: somebody has it still. One without credentials, who has no tenant, in the
    log. How many such lines there can be is bounded by the rate of wrong credentials.
    """
    try:
        return await proceed()
    except EndedKeyError as ended:
        line = _line(operation, request, ended.principal)
        facts: dict[str, str | int] = {"key": ended.why, "operation": operation.name}
        await _written(line.model_copy(update=_refused(_UNAUTHORIZED) | {"action": KEY_REFUSED, "facts": facts}))
        raise
    except ProblemError as problem:
        if problem.status == _UNAUTHORIZED:
            log.warning("%s %s: no credentials that count", operation.method, operation.path)
        principal: Principal | None = getattr(request.state, "principal", None)
        told = hasattr(request.state, "audited") or operation.action is None or problem.kind == BEING_ERASED
        if problem.status == _FORBIDDEN and not told and principal is not None:
            await _written(_line(operation, request, principal).model_copy(update=_refused(_FORBIDDEN)))
        raise


def _refused(status: int) -> dict[str, object]:
    return {"outcome": "refused", "status": status}


async def stage(operation: "Operation", request: Request, proceed: "Proceed") -> Response:
    """Write a line, make the change, write how it went; `ProblemError` 503 when the first cannot be written."""
    if operation.action is None or operation.role is None:
        return await proceed()
    begun = _line(operation, request, request.state.principal)
    try:
        await in_thread(audit.write, begun)
    except Exception:
        log.exception("the audit trail cannot be written to: %s was not begun", operation.action)
        raise no_audit() from None
    request.state.audited = begun
    try:
        response = await proceed()
    except ProblemError as problem:
        await _ended(begun, request, problem.status)
        raise
    except Exception:
        await _ended(begun, request, _FAILED)
        raise
    await _ended(begun, request, response.status_code, response)
    return response


def _line(operation: "Operation", request: Request, principal: Principal) -> AuditLine:
    target = audit.named(request.path_params)
    traced = trace.ids()
    return AuditLine(
        owner=principal.tenant,
        request=uuid7(),
        subject=audit.who(principal.subject),
        role=principal.role,
        action=str(operation.action),
        outcome="begun",
        dataset=target.pop("dataset", None),
        target=target,
        address=client_address(request),
        trace=traced[0] if traced else None,
    )


async def _ended(begun: AuditLine, request: Request, status: int, response: Response | None = None) -> None:
    facts: dict[str, str | int] = dict(getattr(request.state, "facts", {}))
    dataset = begun.dataset
    if response is not None:
        location = response.headers.get("location", "")
        if made := _MADE.search(location):
            facts["made"] = made[1]
        if dataset is None and (one := _DATASET.search(location)):
            dataset = one[1]
        if response.headers.get("idempotency-replayed"):
            facts["replayed"] = 1
    outcome = "done" if status < _REFUSED else "refused" if status < _FAILED else "failed"
    fresh = AuditLine(**begun.model_dump(exclude={"id", "at", "outcome", "ttl"}), outcome="begun")
    update = {"outcome": outcome, "status": status, "dataset": dataset, "facts": facts}
    await _written(fresh.model_copy(update=update))


async def _written(line: AuditLine) -> None:
    try:
        await in_thread(audit.write, line)
    except Exception:  # what was done is done; the line before stands
        log.exception("the end of %s (request %s) cannot be written down", line.action, line.request)
