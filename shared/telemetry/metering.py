"""Counts, at the two SDKs, what each request to storage and to the database costs: `pixcrawler.cost` by unit.

Both functions are `raw_response_hook`s: they see every answer, also those that are retried, for each is paid for.
"""

from typing import Any
from urllib.parse import parse_qs, urlsplit

from shared.telemetry import metrics

_LIST, _WRITE, _READ, _OTHER, _DELETE = (
    f"storage_{kind}" for kind in ("list", "write", "read", "other", "delete")
)  # as Blob Storage is billed: what only looks at properties is "other", deletions are free
_BY_METHOD = {"PUT": _WRITE, "POST": _WRITE, "GET": _READ, "HEAD": _OTHER, "DELETE": _DELETE}


def storage_answered(response: Any) -> None:
    """Count one request to Blob Storage."""
    request = response.http_request
    metrics.COST.record(1, {"unit": kind(request.method, request.url)})


def kind(method: str, url: str) -> str:
    """The unit in which a request to Blob Storage is counted.

    Classes of operations: https://learn.microsoft.com/azure/storage/blobs/map-rest-apis-transaction-categories
    """
    asked = parse_qs(urlsplit(url).query)
    if asked.get("comp") == ["list"] or (method == "PUT" and asked.get("restype") == ["container"]):
        return _LIST
    return _BY_METHOD.get(method, _OTHER)


def database_answered(response: Any) -> None:
    """Add up what one request for documents was charged. What the client asks about the account is free."""
    charge = response.http_response.headers.get("x-ms-request-charge")
    if charge is not None and "/docs" in response.http_request.url:
        metrics.COST.record(float(charge), {"unit": "request_unit"})
