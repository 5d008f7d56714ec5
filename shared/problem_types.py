"""Every type of problem that the API answers with: what it means and what to do. A test finds those left out."""

from pydantic import BaseModel, ConfigDict, Field

from shared.problems import FieldError


class Problem(BaseModel):
    """What went wrong, as a problem document (RFC 9457). Some types have further members."""

    model_config = ConfigDict(frozen=True, extra="allow", defer_build=True)

    type: str = Field(
        description="a URI that names the type; what follows its last slash is in the list of problem types",
        json_schema_extra={"format": "uri"},
    )
    title: str = Field(description="the type in a few words, always the same")
    status: int = Field(ge=400, le=599, description="the HTTP status")
    detail: str = Field(description="what is wrong this time, and what to do about it")
    instance: str | None = Field(default=None, description="the path that was asked for")
    errors: tuple[FieldError, ...] = Field(default=(), description="each thing that is wrong with the request")


class ProblemType(BaseModel):
    """One type of problem."""

    model_config = ConfigDict(frozen=True)

    status: int
    title: str
    meaning: str
    remedy: str


def _type(status: int, title: str, meaning: str, remedy: str) -> ProblemType:
    return ProblemType(status=status, title=title, meaning=meaning, remedy=remedy)


TYPES: dict[str, ProblemType] = {
    "bad-parameter": _type(
        400,
        "A query parameter is not valid",
        "A parameter is unknown, given twice, or its value makes no sense.",
        "`errors` names the parameter, as `?name`. A cursor counts only for the list, and the filters, it came from.",
    ),
    "not-json": _type(
        400, "The body is not JSON", "The body cannot be parsed.", "`detail` says where; send JSON in UTF-8."
    ),
    "bad-idempotency-key": _type(
        400,
        "The Idempotency-Key is not valid",
        "The header is empty, too long, there twice, or has characters that are not printable ASCII.",
        "Send one of 1 to 255 printable ASCII characters; a UUID is a good one.",
    ),
    "unauthorized": _type(
        401,
        "Credentials needed",
        "There are no credentials, or none that count: malformed, expired, revoked, or of another issuer or audience.",
        "Send one header `Authorization: Bearer` with an API key or a token. WWW-Authenticate says which of the two it "
        "is: with the error invalid_token, get new credentials.",
    ),
    "forbidden": _type(
        403,
        "Not allowed",
        "Your role is too low for this, or your token names no tenant or no role here.",
        "Ask an administrator of your tenant for a key with the role that the operation needs.",
    ),
    "quota-exceeded": _type(
        403,
        "Quota exceeded",
        "Your tenant's quota does not suffice: `quota`, `used`, `limit`, `requested`, and when it `resets`.",
        "Ask for fewer images, delete datasets, wait until it is new, or ask the operator for more.",
    ),
    "not-found": _type(
        404,
        "Not found",
        "There is no such thing, or it is another tenant's; the two are not told apart.",
        "Check the id in the path; lists show what there is.",
    ),
    "conflict": _type(
        409,
        "Not possible in this state",
        "The thing is in a state that does not allow this, as when a dataset that has ended is cancelled.",
        "`detail` says which state it is in. Read it again and decide anew.",
    ),
    "idempotency-key-reused": _type(
        409,
        "Idempotency-Key used for something else",
        "This Idempotency-Key was sent before with another method, path, query or body.",
        "Use a new key for each new request, and the same key only to repeat one.",
    ),
    "request-in-progress": _type(
        409,
        "Still being worked on",
        "The first request with this Idempotency-Key has not been answered yet.",
        "Send it again after the seconds in Retry-After to get its answer.",
    ),
    "already-done": _type(
        409,
        "Already done",
        "The request with this Idempotency-Key was done, and its answer, which held a secret or was long, is not kept.",
        "Look at what it made in the list; what you cannot use without the secret, remove and make anew.",
    ),
    "too-many-keys": _type(
        409,
        "Too many API keys",
        "As many keys of your tenant count as may: `used` of `limit`. Those revoked or expired are not counted.",
        "Revoke keys that nobody uses any more.",
    ),
    "precondition-failed": _type(
        412,
        "Changed in the meantime",
        "If-Match names another state of the thing than the one it is in.",
        "Read it again, decide again, and send the ETag of what you read.",
    ),
    "too-large": _type(
        413,
        "Request body too large",
        "The body is longer than this operation takes.",
        "Send long URL lists to /api/v1/url-lists and large files as uploads.",
    ),
    "unsupported-media-type": _type(
        415,
        "Not a list",
        "The Content-Type is none of those that the operation takes.",
        "Send the type that the bytes are of: the operation lists them.",
    ),
    "invalid-request": _type(
        422,
        "The request is not valid",
        "The body is JSON, but not a valid request.",
        "`errors` says for each fault where (a JSON pointer, RFC 6901) and what.",
    ),
    "too-many-requests": _type(
        429,
        "Too many requests",
        "Requests come faster than the `policy` allows, or too many wrong credentials came from your address.",
        "Wait for the seconds in Retry-After. RateLimit tells with every answer how many requests are left.",
    ),
    "too-many-builds": _type(
        429,
        "Too many builds at once",
        "As many datasets are being built as your tenant may have at once: `used` of `limit`.",
        "Try again when one has ended, or cancel one.",
    ),
    "too-many-streams": _type(
        429,
        "Too many open streams",
        "As many streams of events are open with your credentials as may be at once: `used` of `limit`.",
        "Close one. To watch many datasets, ask for their status with If-None-Match, or have a webhook told.",
    ),
    "internal": _type(
        500,
        "Internal error",
        "Something failed on our side. It has been logged.",
        "Send it again later, a POST with the same Idempotency-Key.",
    ),
    "issuer-unavailable": _type(
        503,
        "Tokens cannot be checked",
        "The keys of your token's issuer cannot be fetched at the moment.",
        "Try again after the seconds in Retry-After; API keys work meanwhile.",
    ),
    "no-audit": _type(
        503,
        "The audit trail is not available",
        "What is changed must be written down first, and that is not possible at the moment. Nothing was done.",
        "Try again after the seconds in Retry-After.",
    ),
    "not-accepting-builds": _type(
        503,
        "No builds are begun now",
        "The service is being changed, and begins nothing new until that is done. What is being built is finished, and "
        "everything else works. Nothing was done.",
        "Try again after the seconds in Retry-After, with the same Idempotency-Key.",
    ),
    "being-erased": _type(
        403,
        "The tenant is being erased",
        "An administrator has asked for everything of the tenant to be erased. Until that is done nothing can be made.",
        "Watch the erasure; afterwards the tenant has no keys any more.",
    ),
}
"""By the last part of the `type` URI."""


def of_status(status: int) -> list[str]:
    """The types that have this status."""
    return [kind for kind, one in TYPES.items() if one.status == status]
