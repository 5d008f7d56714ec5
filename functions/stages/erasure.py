"""A stage: nothing is made or changed for a tenant that is being erased, and nothing is written down of the attempt."""

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from functions.http import in_thread
from functions.stages.identify import caller
from shared import rights
from shared.problems import being_erased

if TYPE_CHECKING:
    from functions.operations import Operation
    from functions.stages import Proceed


async def stage(operation: "Operation", request: Request, proceed: "Proceed") -> Response:
    """`ProblemError` 403 to changes while the tenant is being erased; asking for that once more is no change."""
    changes = operation.action not in {None, "tenant.erase"} and operation.role is not None
    if changes and await in_thread(rights.is_being_erased, caller(request).tenant):
        raise being_erased()
    return await proceed()
