"""How an API key is written: `pxc_{prefix}_{secret}{checksum}`, made here and taken apart here.

The checksum (CRC-32 of what stands before it, six characters) is no secret and proves nothing; it tells a mistyped or
cut key from a wrong one without a look at the database, and lets secret scanners be sure of what they found.
"""

import hashlib
import hmac
import re
import secrets
import string
import zlib
from dataclasses import dataclass, field

MARK = "pxc_"
PREFIX_LENGTH = 10
SECRET_LENGTH = 43  # 62^43 > 2^256
_CHECKSUM_LENGTH = 6  # 62^6 > 2^32
_LETTERS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_PREFIX_LETTERS = string.digits + string.ascii_lowercase
_FORM = re.compile(
    rf"{MARK}([0-9a-z]{{{PREFIX_LENGTH}}})_([0-9A-Za-z]{{{SECRET_LENGTH + _CHECKSUM_LENGTH}}})", re.ASCII
)
_PREFIX = re.compile(rf"[0-9a-z]{{{PREFIX_LENGTH}}}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Key:
    """A key: `prefix` names it and is no secret, `text` is the whole of it and never shown by `repr`."""

    prefix: str
    text: str = field(repr=False)

    @property
    def digest(self) -> str:
        """What is stored: SHA-256 in hex. A slow hash is for passwords; 256 random bits cannot be guessed."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def is_of(self, digest: str) -> bool:
        """Whether this is the key with that digest, compared in constant time."""
        return hmac.compare_digest(self.digest, digest)


def new_key() -> Key:
    """A key that nobody has."""
    prefix = "".join(secrets.choice(_PREFIX_LETTERS) for _ in range(PREFIX_LENGTH))
    secret = "".join(secrets.choice(_LETTERS) for _ in range(SECRET_LENGTH))
    body = f"{MARK}{prefix}_{secret}"
    return Key(prefix, body + _checksum(body))


def read_key(text: str) -> Key | None:
    """The key that is written there; None when it is none of ours, or not whole."""
    match = _FORM.fullmatch(text)
    if match is None or _checksum(text[:-_CHECKSUM_LENGTH]) != text[-_CHECKSUM_LENGTH:]:
        return None
    return Key(match[1], text)


def is_prefix(text: str) -> bool:
    """Whether a key could have this prefix."""
    return _PREFIX.fullmatch(text) is not None


def _checksum(body: str) -> str:
    number = zlib.crc32(body.encode())
    found = ""
    for _ in range(_CHECKSUM_LENGTH):
        number, digit = divmod(number, len(_LETTERS))
        found = _LETTERS[digit] + found
    return found
