"""Requests to a gateway without a network: signed as the service's documentation says, written anew from that page."""

import base64
import hashlib
import hmac
import json
from typing import Any

from local.cosmos import DEFAULT_KEY
from local.cosmos.gateway import Gateway
from local.cosmos.wire import Answer, Request

DATE = "Thu, 27 Apr 2017 00:51:12 GMT"


def signature(key: str, method: str, kind: str, link: str, date: str) -> str:
    """The Authorization header before it is quoted."""
    text = f"{method.lower()}\n{kind.lower()}\n{link}\n{date.lower()}\n\n"
    digest = hmac.new(base64.b64decode(key), text.encode(), hashlib.sha256).digest()
    return f"type=master&ver=1.0&sig={base64.b64encode(digest).decode()}"


def call(gateway: Gateway, method: str, path: str, body: Any = None, **headers: str) -> Answer:
    """Send a signed request; underscores in header names stand for hyphens."""
    segments = tuple(path.split("/")) if path else ()
    feed = len(segments) % 2 == 1
    kind = segments[-1] if feed else (segments[-2] if segments else "")
    link = "/".join(segments[:-1] if feed else segments)
    signed = {"x-ms-date": DATE, "authorization": signature(DEFAULT_KEY, method, kind, link, DATE)}
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    data = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
    return gateway.answer(Request(method, segments, signed | given, data))


def said(answer: Answer) -> Any:
    """The answer's body."""
    return json.loads(answer.body)
