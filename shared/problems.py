"""Errors that the API answers with, as problem documents (RFC 9457)."""

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

MEDIA_TYPE = "application/problem+json"
TYPE_BASE = "https://pixcrawler.dev/problems/"
MAX_ERRORS = 100
BEING_ERASED = "being-erased"


def json_pointer(location: tuple[int | str, ...]) -> str:
    """RFC 6901: `("labels", 0, "name")` becomes `/labels/0/name`; the empty location, the whole document, ``""``."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location)


class FieldError(BaseModel):
    """One thing wrong with the request: where (a JSON pointer, RFC 6901, or a query parameter) and what."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    pointer: str
    detail: str


class ProblemError(Exception):
    """Raised anywhere below a handler; the handler's wrapper turns it into the response, with `headers`.

    `members` are the type's own members of the problem document (RFC 9457, section 3.2).
    """

    def __init__(
        self,
        status: int,
        kind: str,
        title: str,
        detail: str,
        errors: tuple[FieldError, ...] = (),
        *,
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.title = title
        self.detail = detail
        self.errors = errors
        self.headers = dict(headers or {})
        self.members = dict(members or {})

    def document(self, instance: str | None = None) -> dict[str, object]:
        """The members of the problem document; `instance` is the path of the request."""
        members: dict[str, object] = {
            "type": TYPE_BASE + self.kind,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }
        if instance:
            members["instance"] = instance
        members |= self.members
        if self.errors:
            members["errors"] = [error.model_dump() for error in self.errors]
        return members


def too_many_requests(policy: str, wait: float) -> ProblemError:
    """429: requests come faster than `policy` allows; the next is let in after `wait` seconds (RFC 6585, section 4)."""
    seconds = max(math.ceil(wait), 1)
    detail = f"Requests come faster than the policy `{policy}` allows. Wait {seconds} s, and look at RateLimit-Policy."
    return ProblemError(
        429,
        "too-many-requests",
        "Too many requests",
        detail,
        headers={"retry-after": str(seconds)},
        members={"policy": policy},
    )


def too_many_builds(used: int, limit: int) -> ProblemError:
    """429: as many builds go on as the tenant may have at once; one will end."""
    detail = f"{used} builds go on, and {limit} may go on at once. Try again when one has ended, or cancel one."
    members = {"quota": "concurrent_builds", "used": used, "limit": limit}
    return ProblemError(
        429, "too-many-builds", "Too many builds at once", detail, headers={"retry-after": "60"}, members=members
    )


def too_many_streams(used: int, limit: int) -> ProblemError:
    """429: the caller has as many streams of events open as it may; one will end."""
    detail = f"{used} streams of events are open, and {limit} may be at once: close one, or ask for the status instead."
    members = {"used": used, "limit": limit}
    return ProblemError(
        429, "too-many-streams", "Too many open streams", detail, headers={"retry-after": "10"}, members=members
    )


def too_many_keys(used: int, limit: int) -> ProblemError:
    """409: the tenant has as many keys that count as it may have."""
    detail = f"{used} keys count, and {limit} may: revoke those that nobody uses (`last_used` in the list tells)."
    return ProblemError(409, "too-many-keys", "Too many API keys", detail, members={"used": used, "limit": limit})


def quota_exceeded(quota: str, used: int, limit: int, requested: int, resets: datetime | None) -> ProblemError:
    """403: the tenant's quota does not suffice for this; waiting does not help before `resets`, if it does at all."""
    left = max(limit - used, 0)
    when = f"It is new at {resets.isoformat()}" if resets else "Delete datasets or uploads to make room"
    detail = f"{quota}: {requested:,} asked for, {left:,} of {limit:,} left (builds that go on are counted). {when}."
    members: dict[str, object] = {"quota": quota, "used": used, "limit": limit, "requested": requested}
    if resets:
        members["resets"] = resets.isoformat()
    return ProblemError(403, "quota-exceeded", "Quota exceeded", detail, members=members)


def unauthorized(detail: str, *, error: Literal["invalid_token"] | None = None) -> ProblemError:
    """401: no credentials, or, with an `error` (RFC 6750, section 3.1), none that count."""
    return ProblemError(401, "unauthorized", "Credentials needed", detail, headers=_challenge(error))


def forbidden(detail: str) -> ProblemError:
    """403: the caller is known, and may not do this."""
    return ProblemError(403, "forbidden", "Not allowed", detail)


def insufficient_role(needed: str, had: str) -> ProblemError:
    """403: the caller's role is too low (RFC 6750, section 3.1)."""
    detail = f"This needs the role {needed}; these credentials have {had}."
    return ProblemError(403, "forbidden", "Not allowed", detail, headers=_challenge("insufficient_scope"))


def issuer_unavailable(issuer: str, seconds: int) -> ProblemError:
    """503: tokens of this issuer cannot be checked, as its keys cannot be had; `seconds` until that is tried again."""
    detail = f"The keys of the token issuer {issuer} cannot be fetched at the moment: try again in {seconds} s."
    headers = {"retry-after": str(seconds)}
    return ProblemError(503, "issuer-unavailable", "Tokens cannot be checked", detail, headers=headers)


def _challenge(error: str | None) -> dict[str, str]:
    return {"www-authenticate": 'Bearer realm="pixcrawler"' + (f', error="{error}"' if error else "")}


def not_found(what: str) -> ProblemError:
    """404: no such thing, or not yours; the two are not told apart."""
    return ProblemError(404, "not-found", "Not found", f"There is no {what} of that name here.")


def conflict(detail: str) -> ProblemError:
    """409: the thing is in a state that does not allow this."""
    return ProblemError(409, "conflict", "Not possible in this state", detail)


def bad_idempotency_key() -> ProblemError:
    """400: the Idempotency-Key is no key."""
    detail = "Send one Idempotency-Key of 1 to 255 printable ASCII characters; a UUID is a good one."
    return ProblemError(400, "bad-idempotency-key", "The Idempotency-Key is not valid", detail)


def key_reused() -> ProblemError:
    """409: the Idempotency-Key stands for another request."""
    detail = "This Idempotency-Key was sent with another request: use a new key for each new request."
    return ProblemError(409, "idempotency-key-reused", "Idempotency-Key used for something else", detail)


def in_progress(retry_after: int) -> ProblemError:
    """409: the first request with this Idempotency-Key has not been answered; `retry_after` is in seconds."""
    detail = "The first request with this Idempotency-Key is still being worked on: ask again for its answer."
    headers = {"retry-after": str(retry_after)}
    return ProblemError(409, "request-in-progress", "Still being worked on", detail, headers=headers)


def already_done() -> ProblemError:
    """409: done before, with an answer that is not kept."""
    detail = "The request with this Idempotency-Key was done, and its answer, which is told once only, is not kept."
    return ProblemError(409, "already-done", "Already done", detail)


def precondition_failed() -> ProblemError:
    """412: If-Match names another state of the thing than the one it is in (RFC 9110, section 13.1.1)."""
    detail = "It has changed since you read it: read it again, decide again, and send the ETag of what you read."
    return ProblemError(412, "precondition-failed", "Changed in the meantime", detail)


def no_audit() -> ProblemError:
    """503: the change was not begun, because the audit trail cannot be written to."""
    detail = "What is changed must be written down, and that is not possible now. Nothing was done: try again."
    return ProblemError(503, "no-audit", "The audit trail is not available", detail, headers={"retry-after": "5"})


def not_accepting_builds() -> ProblemError:
    """503: an operator lets nothing new be built for a while; what is being built goes on."""
    detail = "No builds are begun at the moment; those that go on are finished. Nothing was done: try again later."
    headers = {"retry-after": "300"}
    return ProblemError(503, "not-accepting-builds", "No builds are begun now", detail, headers=headers)


def being_erased() -> ProblemError:
    """403: everything of the tenant is being erased."""
    detail = "Everything of this tenant is being erased: nothing can be made or changed until that is done."
    return ProblemError(403, "being-erased", "The tenant is being erased", detail)


def bad_parameter(name: str, detail: str) -> ProblemError:
    """400: a query parameter that makes no sense."""
    error = FieldError(pointer=f"?{name}", detail=detail)
    return ProblemError(400, "bad-parameter", "A query parameter is not valid", f"{name}: {detail}", (error,))


def too_large(limit: int) -> ProblemError:
    """413: the body is longer than this operation allows."""
    detail = f"The request body is over {limit:,} bytes, the most that may be sent here."
    return ProblemError(413, "too-large", "Request body too large", detail)


def invalid_body(errors: list[tuple[tuple[int | str, ...], str]]) -> ProblemError:
    """422: the body is JSON but not a valid request; `errors` are (location, message) pairs, the first of them told.

    A megabyte of nonsense must not be answered with fifty.
    """
    told = errors[:MAX_ERRORS]
    found = tuple(FieldError(pointer=json_pointer(location), detail=message) for location, message in told)
    first = found[0]
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    detail = f"{first.pointer or 'the document'}: {first.detail}{more}"
    return ProblemError(422, "invalid-request", "The request is not valid", detail, found)
