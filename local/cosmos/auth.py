"""The master-key signature of a request.

https://learn.microsoft.com/rest/api/cosmos-db/access-control-on-cosmosdb-resources
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl, unquote

from local.cosmos.errors import UnauthorizedError

_RID_BYTES = 4
_SIGNED_FIELDS = 3


def verify(key: str, method: str, segments: Sequence[str], headers: Mapping[str, str]) -> None:
    """UnauthorizedError unless the Authorization header signs this method and path with `key` (base64)."""
    given = dict(parse_qsl(unquote(headers.get("authorization", "")).replace("+", "%2B")))
    if len(given) != _SIGNED_FIELDS or given.get("type") != "master" or given.get("ver") != "1.0":
        msg = "Required header 'authorization' is missing or is not an account key's; the stand-in takes nothing else"
        raise UnauthorizedError(msg)
    kind, link = _resource(segments)
    text = (
        f"{method.lower()}\n{kind}\n{link}\n{headers.get('x-ms-date', '').lower()}\n{headers.get('date', '').lower()}\n"
    )
    expected = base64.b64encode(hmac.digest(base64.b64decode(key), text.encode(), hashlib.sha256))
    if not hmac.compare_digest(expected, given["sig"].encode()):
        msg = (
            "The input authorization token can't serve the request. The wrong key is being used or the expected "
            f"payload is not built as per the protocol. Server used the following payload to sign: {text!r}"
        )
        raise UnauthorizedError(msg)


def is_rid(name: str) -> bool:
    """Whether a database's name in a path is the resource id that the service gave it: 4 bytes in base64."""
    try:
        return len(base64.b64decode(name.replace("-", "/"), validate=True)) == _RID_BYTES
    except (binascii.Error, ValueError):
        return False


def _resource(segments: Sequence[str]) -> tuple[str, str]:
    """Resource type and link as they are signed: a full name as it is, a resource id alone and in small letters."""
    if segments[-1:] == ["partitionkeydelete"]:
        segments = segments[:-2]
    if not segments:
        return "", ""
    feed = len(segments) % 2 == 1
    kind, owner = (segments[-1], segments[:-1]) if feed else (segments[-2], segments)
    if len(owner) > 1 and is_rid(owner[1]):
        return kind.lower(), owner[-1].lower()
    return kind.lower(), "/".join(owner)
