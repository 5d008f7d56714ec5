"""Takes out of a text what must not be in a log: credentials, signatures, addresses of people.

The last line, not the first: nothing here is meant to be logged at all. Better one word too many than a key.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

GONE = "[redacted]"

_VALUE = r"[^\s\"'\\&,;<>{}()\[\]|]"
_BEFORE = r"(?<![A-Za-z0-9_])"
_QUOTE = r"\\?[\"']?"

_PATTERNS: tuple[tuple[tuple[str, ...], re.Pattern[str], str], ...] = tuple(
    (hints, re.compile(pattern), replacement)
    for hints, pattern, replacement in (
        # user:password@host in a URL
        (("@",), r"(?<=://)[^/\s\"'\\@?#]{1,512}@", f"{GONE}@"),
        # Azure's connection strings
        (
            ("key=", "sharedaccesssignature="),
            r"(?i)\b(AccountKey|SharedAccessKey|SharedAccessSignature|InstrumentationKey)=[^;\s\"'\\]+",
            rf"\1={GONE}",
        ),
        # signatures and tokens in the query of a URL: shared access signatures, S3, GCS, function keys, OAuth
        (
            ("sig=", "signature=", "credential=", "token=", "secret=", "key=", "password="),
            rf"(?i){_BEFORE}(sig|signature|x-(?:amz|goog)-(?:signature|credential|security-token)|access_token|id_token|"
            rf"refresh_token|client_secret|api_?key|password)=(?!\[){_VALUE}+",
            rf"\1={GONE}",
        ),
        (("code=", "key=", "token=", "auth="), rf"(?i)([?&](?:code|key|token|auth)=)(?!\[){_VALUE}+", rf"\1{GONE}"),
        # headers, as text or as members of an object
        (
            ("authorization", "-key", "cookie", "signature"),
            rf"(?i){_BEFORE}((?:proxy-)?authorization|x-functions-key|x-ms-key|x-api-key|ocp-apim-subscription-key|"
            rf"(?:set-)?cookie|webhook-signature)({_QUOTE}\s*[:=]\s*{_QUOTE})(?![\[\s])[^\"'\\\r\n}}]+",
            rf"\1\2{GONE}",
        ),
        (
            ("password", "passwd", "secret", "key"),
            rf"(?i){_BEFORE}(password|passwd|secret|client_secret|api[_-]?key|access[_-]?key|account[_-]?key)"
            rf"({_QUOTE}\s*[:=]\s*{_QUOTE})(?!\[){_VALUE}+",
            rf"\1\2{GONE}",
        ),
        (
            ("bearer", "sharedkey"),
            rf"{_BEFORE}([Bb]earer|BEARER|SharedKey|SharedKeyLite)\s+[A-Za-z0-9._~+/=:-]{{8,}}",
            rf"\1 {GONE}",
        ),
        (("basic",), rf"{_BEFORE}Basic\s+[A-Za-z0-9+/]{{8,}}={{0,2}}", f"Basic {GONE}"),
        # keys that are known by their form: this app's, webhook secrets, JSON web tokens, 64 bytes in base64
        (("pxc_",), rf"{_BEFORE}pxc_[A-Za-z0-9_.-]+", GONE),
        (("whsec_",), rf"{_BEFORE}whsec_[A-Za-z0-9+/=_-]+", GONE),
        (("v1,", "v1a,"), rf"{_BEFORE}v1a?,[A-Za-z0-9+/]{{20,}}={{0,2}}", GONE),
        (("eyj",), r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{2,}(?:\.[A-Za-z0-9_-]*)?", GONE),
        (("==",), r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{86}==", GONE),
        (
            ("private key",),
            r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
            GONE,
        ),
        # e-mail addresses; bounded, so that a long word costs no more than its length
        (
            ("@", "%40"),
            r"(?i)(?<![\w.+-])[\w.%+-]{1,64}(?:@|%40)(?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,63}(?![\w-])",
            "[e-mail]",
        ),
    )
)
"""What a text must have in lower case for the pattern to be tried (most lines have nothing of it), the pattern, and
what takes the place of a match."""

_HINTS = tuple({hint for hints, _, _ in _PATTERNS for hint in hints})


def is_suspicious(text: str) -> bool:
    """Whether there may be something to redact, also where JSON's escapes stand in between."""
    lower = text.lower()
    return any(hint in lower for hint in _HINTS)


def redact(text: str) -> str:
    """The text without what the patterns know; doing it twice changes nothing more."""
    lower = text.lower()
    for hints, pattern, replacement in _PATTERNS:
        if any(hint in lower for hint in hints):
            text = pattern.sub(replacement, text)
    return text


def redacted(value: Any) -> Any:
    """A value of JSON's kinds with all its texts redacted; others become the text that says them."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, Mapping):
        return {redact(str(name)): _member(str(name), one) for name, one in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [redacted(one) for one in value]
    return redact(str(value))


_SECRET_NAME = re.compile(r"(?i)(authorization|password|passwd|secret|api[_-]?key|account[_-]?key|x-functions-key)")


def _member(name: str, value: Any) -> Any:
    return GONE if isinstance(value, str) and value and _SECRET_NAME.fullmatch(name) else redacted(value)


def redact_line(line: str) -> str:
    """A finished log line; one that is a JSON object stays one."""
    if not is_suspicious(line):
        return line
    if line.startswith("{"):
        try:
            return json.dumps(redacted(json.loads(line)))
        except ValueError:
            pass
    return redact(line)
