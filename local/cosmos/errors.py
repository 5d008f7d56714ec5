"""What the gateway answers when it does not do what was asked: one exception class per HTTP status.

Statuses: https://learn.microsoft.com/rest/api/cosmos-db/http-status-codes-for-cosmosdb
"""


class CosmosError(Exception):
    """A refusal with its HTTP status, the word that goes into the body's `code`, and the service's sub-status."""

    status = 500
    code = "InternalServerError"

    def __init__(self, message: str, *, substatus: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.substatus = substatus


class NotModifiedError(CosmosError):
    """The document still has the ETag that If-None-Match names."""

    status = 304
    code = "NotModified"


class BadRequestError(CosmosError):
    """The request cannot be understood, or breaks a rule of the service."""

    status = 400
    code = "BadRequest"


class UnauthorizedError(CosmosError):
    """The signature is missing or was made with another key."""

    status = 401
    code = "Unauthorized"


class NotFoundError(CosmosError):
    """There is no such database, container or document."""

    status = 404
    code = "NotFound"


class ConflictError(CosmosError):
    """The id, or a value under a unique key, is taken."""

    status = 409
    code = "Conflict"


class PreconditionFailedError(CosmosError):
    """The ETag is another one, or a patch's condition does not hold."""

    status = 412
    code = "PreconditionFailed"


class TooLargeError(CosmosError):
    """A document or batch above the service's limit of 2 MB."""

    status = 413
    code = "RequestEntityTooLarge"


class NotSupportedError(CosmosError):
    """The service can do this, the stand-in cannot; the message names it."""

    status = 501
    code = "NotImplemented"

    def __init__(self, what: str) -> None:
        super().__init__(f"The local Cosmos DB stand-in does not have {what}; use an Azure account for it")
