"""What every request goes through before and after its handler, outermost first; each stage is a module.

A stage is `async def stage(operation, request, proceed) -> Response`: it answers by itself, raises `ProblemError`, or
awaits `proceed()`, which is everything further in. What a stage learns is kept on `request.state`.
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from functions.stages import audit, conditional, erasure, idempotency, identify, limit, observe, problems

if TYPE_CHECKING:
    from functions.operations import Operation

type Proceed = Callable[[], Awaitable[Response]]
type Stage = Callable[["Operation", Request, Proceed], Awaitable[Response]]

STAGES: tuple[Stage, ...] = (
    observe.stage,  # trace, log line, metrics: of everything, failures too
    problems.stage,  # errors become problem documents
    limit.guesses,  # wrong credentials per client address
    audit.attempts,  # who was not let in
    identify.stage,  # who asks, and whether the role may: `request.state.principal`
    observe.identified,  # from here on, log lines tell whose request it is
    limit.stage,  # requests per principal
    erasure.stage,  # nothing is made for a tenant that is being erased
    audit.stage,  # changes, and attempts at them, leave a line
    idempotency.stage,  # the same POST twice is answered once
    conditional.stage,  # ETag and If-None-Match on reads
)


async def through(operation: "Operation", request: Request, handler: Proceed) -> Response:
    """Answer a request: all stages, then the handler."""

    async def from_stage(index: int) -> Response:
        if index == len(STAGES):
            return await handler()
        return await STAGES[index](operation, request, lambda: from_stage(index + 1))

    return await from_stage(0)
