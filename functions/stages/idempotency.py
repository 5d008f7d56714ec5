"""A stage: a POST that is sent again with its Idempotency-Key is answered as the first time.

After draft-ietf-httpapi-idempotency-key-header. The same request means the same method, path, query and bytes of the
body, which are hashed while the handler reads them: a body may be larger than memory. What is sent beyond all that the
operation could take is neither read nor compared. Only what was done is kept: a refusal (4xx) changed nothing and frees
the key, a failure (5xx) frees it too.
"""

import hashlib
import logging
import re
import uuid
from collections.abc import AsyncGenerator, Awaitable
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from functions.http import MAX_BODY_BYTES, in_thread
from functions.stages.identify import caller
from shared import requests
from shared.problems import ProblemError, already_done, bad_idempotency_key, key_reused
from shared.requests import Answer, RequestDocument
from shared.settings import settings

if TYPE_CHECKING:
    from functions.operations import Operation
    from functions.stages import Proceed

log = logging.getLogger(__name__)

MAX_KEPT_BYTES = 1_000_000
"""Of an answer: a Cosmos DB item has at most 2 MB, and base64 makes four bytes of three."""

LONGEST_BODY = 100_000_000
"""What Azure Functions takes."""

_KEY = re.compile(r"[\x20-\x7e]{1,255}")
_HEADERS = {"content-type", "location", "etag"}
_REFUSED, _FAILED = 400, 500


class Claim:
    """A key that this request has claimed, and the hash of the request's body as it is read."""

    def __init__(self, request: Request, document: RequestDocument, most: int) -> None:
        self.document = document
        self._left = most
        self._digest = hashlib.sha256()
        self._read = request.stream
        self._whole = False
        request.stream = self._stream  # type: ignore[method-assign]  # all ways to read a body go through it

    async def _stream(self) -> AsyncGenerator[bytes]:
        async for chunk in self._read():
            if not self._whole:
                piece = chunk[: self._left]
                self._digest.update(piece)
                self._left -= len(piece)
            yield chunk
        self._whole = True

    async def sha256(self) -> str:
        """Of the whole body, or its first `most` bytes, whatever of it has been read so far."""
        if not self._whole and self._left:
            async for _ in self._stream():
                if not self._left:
                    break
        return self._digest.hexdigest()

    def new_id(self) -> str:
        """An id of 32 hex digits: the same for the same key and the same bytes read."""
        return hashlib.sha256(f"{self.document.seed} {self._digest.hexdigest()}".encode()).hexdigest()[:32]


def new_id(request: Request) -> str:
    """The id for the one thing that this request makes, 32 hex digits, to be asked for after the body was read.

    With an Idempotency-Key it is the same when the work is done again because a process died half-way: whoever makes
    things under it, and takes what is there already for its own, makes them once. A key used again a day later, when
    it has been forgotten, gives another id.
    """
    claim: Claim | None = getattr(request.state, "claim", None)
    return uuid.uuid4().hex if claim is None else claim.new_id()


async def stage(operation: "Operation", request: Request, proceed: "Proceed") -> Response:
    """Answer again, or claim the key, let the handler work and keep its answer; `ProblemError` 400 and 409."""
    key = _key(request) if operation.method == "POST" and operation.role is not None else None
    if key is None:
        return await proceed()
    principal = caller(request)
    target = requests.target_of(request.method, request.url.path, request.url.query)
    document = await in_thread(requests.claim, principal.tenant, principal.subject, key, target)
    claim = Claim(request, document, _most(operation))
    if document.state == "done":
        return await _again(claim)
    request.state.claim = claim
    try:
        response = await proceed()
    except Exception as error:
        refused = isinstance(error, ProblemError) and error.status < _FAILED
        await _written(in_thread(requests.forget if refused else requests.free, document))
        raise
    if response.status_code >= _REFUSED:
        refused = response.status_code < _FAILED
        await _written(in_thread(requests.forget if refused else requests.free, document))
        return response
    answer = _answer(response) if operation.replayable else Answer(status=response.status_code)
    await _written(_complete(claim, answer))
    return response


def _most(operation: "Operation") -> int:
    """Bytes of a body that the operation could have use for."""
    return max(settings().max_upload_bytes, LONGEST_BODY) if isinstance(operation.body, tuple) else MAX_BODY_BYTES


def _key(request: Request) -> str | None:
    """The key, None without one: bare, or in the quotes that a structured field puts around it (RFC 9651)."""
    given = request.headers.getlist("idempotency-key")
    if not given:
        return None
    text = given[0].strip()
    if len(text) > 1 and text.startswith('"') and text.endswith('"'):
        text = re.sub(r'\\(["\\])', r"\1", text[1:-1])
    if len(given) > 1 or not _KEY.fullmatch(text):
        raise bad_idempotency_key()
    return text


async def _again(claim: Claim) -> Response:
    document = claim.document
    if await claim.sha256() != document.sha256:
        raise key_reused()
    if document.answer is None or (content := document.answer.content) is None:
        raise already_done()
    headers = {**document.answer.headers, "idempotency-replayed": "true"}
    return Response(content, document.answer.status, headers)


def _answer(response: Response) -> Answer:
    if isinstance(response, StreamingResponse) or len(response.body) > MAX_KEPT_BYTES:
        return Answer(status=response.status_code)
    headers = {name: value for name, value in response.headers.items() if name in _HEADERS}
    return Answer.of(response.status_code, headers, bytes(response.body))


async def _complete(claim: Claim, answer: Answer) -> None:
    await in_thread(requests.complete, claim.document, await claim.sha256(), answer)


async def _written(write: Awaitable[None]) -> None:
    """Write down how it went. The work is done: if this fails, its answer is sent all the same, and a repetition
    does it again under the same ids once the lease is over.
    """
    try:
        await write
    except Exception:
        log.exception("the answer to a request with an Idempotency-Key cannot be kept")
