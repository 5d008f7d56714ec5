"""A stage: who asks, and whether the role may do this. Credentials come as `Authorization: Bearer` alone."""

import asyncio
import logging
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from functions.http import in_thread
from shared import tokens
from shared.access import Principal
from shared.documents import now
from shared.keys import store, verify
from shared.keys.text import MARK
from shared.problems import insufficient_role, unauthorized

if TYPE_CHECKING:
    from functions.operations import Operation
    from functions.stages import Proceed

log = logging.getLogger(__name__)

_noting: set[asyncio.Task[None]] = set()  # the loop itself keeps no hold of its tasks


async def stage(operation: "Operation", request: Request, proceed: "Proceed") -> Response:
    """Put the caller on `request.state.principal`; `ProblemError` 401, 403, and 503 while tokens cannot be checked."""
    if operation.role is not None:
        principal = await identify(credentials(request))
        if not principal.may(operation.role):
            raise insufficient_role(operation.role, principal.role)
        request.state.principal = principal
    return await proceed()


def caller(request: Request) -> Principal:
    """Who asks, in the handler of an operation that has a role."""
    principal: Principal = request.state.principal
    return principal


def credentials(request: Request) -> str:
    """What follows `Bearer` (RFC 6750, section 2.1); `ProblemError` 401 when there is nothing, or more than one."""
    given = request.headers.getlist("authorization")
    scheme, _, credential = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    credential = credential.strip()
    if scheme.lower() != "bearer" or not credential:
        raise unauthorized(
            "Send one header `Authorization: Bearer` with an API key (`pxc_...`) or a token of your issuer."
        )
    return credential


async def identify(credential: str) -> Principal:
    """Whose credential it is; `ProblemError` 401, 403 or 503."""
    if not credential.startswith(MARK):
        return await in_thread(tokens.principal, credential)
    key = verify.parse(credential)
    document = verify.from_memory(key)
    if document is None:
        document = await in_thread(verify.look_up, key)
        if verify.use_is_due(document):
            _note_use(key.prefix)
    return document.principal


def _note_use(prefix: str) -> None:
    """Write the use down beside the request, which must neither wait for that nor fail with it."""

    async def note() -> None:
        try:
            await in_thread(store.note_use, prefix, now())
        except Exception:  # whatever it is: the request was answered
            log.warning("the use of the key %s was not written down", prefix, exc_info=True)

    task = asyncio.get_running_loop().create_task(note())
    _noting.add(task)
    task.add_done_callback(_noting.discard)
