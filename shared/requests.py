"""Requests that carry an Idempotency-Key: who claimed the key, until when, and what was answered. They expire.

The document is made first; that only one can be made decides who of many at the same moment does the work.
"""

import hashlib
import uuid
from base64 import b64decode, b64encode
from datetime import datetime, timedelta
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from shared.cosmos import container, etag_condition
from shared.documents import Document, now
from shared.problems import in_progress, key_reused

NAME = "requests"
KEPT_SECONDS = 24 * 3600
LEASE = timedelta(minutes=5)
"""How long a claim holds without an answer. Azure gives up on a request after 230 s: by then nobody works on it."""
RETRY_SECONDS = 1


class Answer(BaseModel):
    """What was answered; no `body` (base64) when the answer must not or cannot be kept."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    status: int
    headers: dict[str, str] = {}
    body: str | None = None

    @classmethod
    def of(cls, status: int, headers: dict[str, str], body: bytes) -> Self:
        """An answer to be given again."""
        return cls(status=status, headers=headers, body=b64encode(body).decode())

    @property
    def content(self) -> bytes | None:
        """The body."""
        return None if self.body is None else b64decode(self.body)


class RequestDocument(Document):
    """One key of one caller. Partition key: `owner`. Id: a hash of subject and key.

    `target` is a hash of method, path and query; `sha256` of the body, known once it was read. `seed` stays the same
    when somebody else takes over, so that ids made from it are the same too.
    """

    owner: str
    target: str
    seed: str = Field(default_factory=lambda: uuid.uuid4().hex)
    state: Literal["running", "free", "done"] = "running"
    until: datetime = Field(default_factory=lambda: now() + LEASE)
    sha256: str | None = None
    answer: Answer | None = None
    ttl: int = KEPT_SECONDS
    etag: str | None = Field(default=None, alias="_etag", exclude=True)


def request_id(subject: str, key: str) -> str:
    """The document's id: keys may have characters that ids may not."""
    return hashlib.sha256(f"{subject}\n{key}".encode()).hexdigest()


def target_of(method: str, path: str, query: str) -> str:
    """What is asked for, apart from the body."""
    return hashlib.sha256(f"{method} {path}?{query}".encode()).hexdigest()


def claim(owner: str, subject: str, key: str, target: str) -> RequestDocument:
    """The document with this caller's claim (`running`), or the one that is `done`.

    `ProblemError` 409 when the key stands for another target, or somebody else has it now. A claim whose lease is over,
    because its process died, and one that was given up, is taken over.
    """
    from azure.cosmos.exceptions import (
        CosmosAccessConditionFailedError,
        CosmosResourceExistsError,
        CosmosResourceNotFoundError,
    )

    wanted = RequestDocument(id=request_id(subject, key), owner=owner, target=target)
    store = container(NAME)
    try:
        return RequestDocument.model_validate(store.create_item(wanted.item()))
    except CosmosResourceExistsError:
        pass
    try:
        found = RequestDocument.model_validate(store.read_item(wanted.id, owner))
        if found.state != "free" and found.target != target:
            raise key_reused()
        if found.state == "done":
            return found
        if found.state == "running" and found.until > now():
            raise in_progress(RETRY_SECONDS)
        mine = wanted.model_copy(update={"seed": found.seed})
        return RequestDocument.model_validate(store.replace_item(mine.id, mine.item(), **etag_condition(found.etag)))
    except (CosmosAccessConditionFailedError, CosmosResourceNotFoundError):
        # Somebody took it over, or gave it back, between two looks: asking again finds out.
        raise in_progress(RETRY_SECONDS) from None


def complete(claimed: RequestDocument, sha256: str, answer: Answer) -> None:
    """Keep the answer; nothing happens if the claim was lost."""
    _replace(claimed.model_copy(update={"state": "done", "sha256": sha256, "answer": answer}))


def free(claimed: RequestDocument) -> None:
    """Give the key back after a failure that may have left something; the next one makes the same ids."""
    _replace(claimed.model_copy(update={"state": "free"}))


def forget(claimed: RequestDocument) -> None:
    """Give the key back after a refusal: nothing was done."""
    from azure.cosmos.exceptions import CosmosAccessConditionFailedError, CosmosResourceNotFoundError

    try:
        container(NAME).delete_item(claimed.id, claimed.owner, **etag_condition(claimed.etag))
    except (CosmosAccessConditionFailedError, CosmosResourceNotFoundError):
        return


def _replace(document: RequestDocument) -> None:
    from azure.cosmos.exceptions import CosmosAccessConditionFailedError, CosmosResourceNotFoundError

    try:
        container(NAME).replace_item(document.id, document.item(), **etag_condition(document.etag))
    except (CosmosAccessConditionFailedError, CosmosResourceNotFoundError):
        return
