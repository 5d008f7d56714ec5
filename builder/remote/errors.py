"""What can go wrong between the client and the API."""

from builder.errors import BuilderError


class ApiError(BuilderError):
    """The API gave no usable answer; the message is a sentence for people.

    `retry_after` is how many seconds the API asked to wait, None if it did not; `again` whether asking again may help.
    """

    def __init__(self, message: str, *, retry_after: float | None = None, again: bool = False) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.again = again


class RefusedError(ApiError):
    """The API answered 4xx: the request is at fault, or the thing is not there.

    `status` is the HTTP status; `kind` the last part of the problem document's type (RFC 9457), such as
    `quota-exceeded`, empty when the answer was no such document.
    """

    def __init__(
        self, message: str, *, status: int, kind: str = "", retry_after: float | None = None, again: bool = False
    ) -> None:
        super().__init__(message, retry_after=retry_after, again=again)
        self.status = status
        self.kind = kind
