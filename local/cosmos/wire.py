"""A request and an answer of the gateway, without the HTTP library around them."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from local.cosmos import charges
from local.cosmos.errors import BadRequestError, CosmosError
from local.cosmos.values import Json, Object, dumps, loads

PARTITION_KEY = "x-ms-documentdb-partitionkey"
CONTINUATION = "x-ms-continuation"


@dataclass(frozen=True, slots=True)
class Request:
    """`segments` are the decoded parts of the path; header names are looked up in small letters."""

    method: str
    segments: tuple[str, ...]
    headers: Mapping[str, str]
    body: bytes = b""

    def json(self) -> Json:
        """The body; BadRequestError when it is not JSON."""
        try:
            return loads(self.body)
        except (ValueError, RecursionError) as error:
            raise BadRequestError(f"The request's body is not valid JSON: {error}") from None

    def object(self) -> Object:
        """The body; BadRequestError when it is not a JSON object."""
        value = self.json()
        if not isinstance(value, dict):
            raise BadRequestError("The request's body is not a JSON object")
        return value

    def says(self, header: str) -> bool:
        """Whether that header is `true`, in whatever case the SDK writes it."""
        return self.headers.get(header, "").lower() == "true"


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, JSON text and the headers beside the usual ones."""

    status: int
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def all_headers(self, session: str = "") -> dict[str, str]:
        """With what the SDK expects on every answer; what says nothing of its charge costs one request unit."""
        usual = {
            "content-type": "application/json",
            **charges.header(charges.REFUSED),
            "x-ms-activity-id": str(uuid.uuid4()),
            "x-ms-version": "2020-07-15",
        }
        return usual | ({"x-ms-session-token": session} if session else {}) | dict(self.headers)


def shown(status: int, body: Object) -> Answer:
    """An answer that shows a database, container or document, with its ETag."""
    return Answer(status, dumps(body), {"etag": str(body["_etag"])})


def refused(error: CosmosError) -> Answer:
    """The answer for an error."""
    headers = {"x-ms-substatus": str(error.substatus)} if error.substatus else {}
    body = json.dumps({"code": error.code, "message": error.message}) if error.message else ""
    return Answer(error.status, body, headers)
