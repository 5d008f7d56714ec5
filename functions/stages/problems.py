"""A stage: errors leave as problem documents (RFC 9457), and no traceback leaves at all."""

import json
import logging
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from shared.problems import MEDIA_TYPE, ProblemError

if TYPE_CHECKING:
    from functions.operations import Operation
    from functions.stages import Proceed

log = logging.getLogger(__name__)


async def stage(_: "Operation", request: Request, proceed: "Proceed") -> Response:
    """Every error becomes the response that says it."""
    try:
        return await proceed()
    except ProblemError as problem:
        return problem_response(problem, request)
    except Exception:  # the last line of defence: logged whole, told in one sentence
        log.exception("%s %s failed", request.method, request.url.path)
        detail = "Something failed on our side; it has been logged. Trying again later may help."
        return problem_response(ProblemError(500, "internal", "Internal error", detail), request)


def problem_response(problem: ProblemError, request: Request) -> Response:
    """The response that says a problem."""
    body = json.dumps(problem.document(request.url.path)).encode()
    return Response(body, problem.status, problem.headers, MEDIA_TYPE)
