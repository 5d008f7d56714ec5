"""A stage: a rate of requests per principal."""

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

if TYPE_CHECKING:
    from functions.operations import Operation
    from functions.stages import Proceed


async def stage(operation: "Operation", request: Request, proceed: "Proceed") -> Response:
    """Not built yet: passes everything on."""
    return await proceed()
