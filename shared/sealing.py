"""Secrets sealed at rest: encrypted and authenticated (Fernet) under keys of the settings, so that whoever reads the
database, or a backup of it, cannot use them.

What was stored before there were keys is plain text and is read as it is; it is sealed when it is next written, or by
`python -m shared.seal rotate`.
"""

from typing import TYPE_CHECKING, Literal

from pydantic import SecretStr

from shared.sealing_keys import split
from shared.settings import settings

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

MARK = "sealed:"

Seal = Literal["newest", "older", "none", "unknown"]
"""Under which key: the newest, another one of the settings, none (plain text), or one that is not in the settings."""


class SealedError(Exception):
    """No key of the settings opens a secret."""

    def __init__(self) -> None:
        super().__init__(
            "no key in PIXCRAWLER_SEALING_KEYS opens this secret: put the key that sealed it back into the setting"
        )


def seal(secret: SecretStr) -> SecretStr:
    """The secret as it is to be stored: sealed with the newest key, or as it is when there is none or it is sealed."""
    keys = _keys()
    text = secret.get_secret_value()
    if not keys or text.startswith(MARK):
        return secret
    return SecretStr(MARK + keys[0].encrypt(text.encode()).decode())


def unseal(stored: SecretStr) -> SecretStr:
    """The secret itself; `SealedError` when no key opens it."""
    text = stored.get_secret_value()
    if not text.startswith(MARK):
        return stored
    for key in _keys():
        if (opened := _open(key, text)) is not None:
            return opened
    raise SealedError


def seal_of(stored: SecretStr) -> Seal:
    """How a secret is stored."""
    text = stored.get_secret_value()
    if not text.startswith(MARK):
        return "none"
    for number, key in enumerate(_keys()):
        if _open(key, text) is not None:
            return "older" if number else "newest"
    return "unknown"


def is_on() -> bool:
    """Whether there is a key to seal with."""
    return bool(split(settings().sealing_keys))


def _open(key: "Fernet", text: str) -> SecretStr | None:
    from cryptography.fernet import InvalidToken

    try:
        return SecretStr(key.decrypt(text.removeprefix(MARK).encode()).decode())
    except InvalidToken:
        return None


def _keys() -> list["Fernet"]:
    """One by one, where `MultiFernet` would not tell which of them it was."""
    texts = split(settings().sealing_keys)
    if not texts:
        return []
    from cryptography.fernet import Fernet

    return [Fernet(text) for text in texts]
