"""The setting PIXCRAWLER_SEALING_KEYS: Fernet keys that seal secrets at rest, comma-separated, newest first."""

import re
from typing import Annotated

from pydantic import AfterValidator, SecretStr

KEY_BYTES = 32
_KEY = re.compile(r"[A-Za-z0-9_-]{43}=")  # base64 as in URLs; decoding it would pass over what does not belong there


def split(keys: SecretStr) -> tuple[str, ...]:
    """The single keys, newest first; none when nothing is set."""
    return tuple(filter(None, (one.strip() for one in keys.get_secret_value().split(","))))


def _checked(keys: SecretStr) -> SecretStr:
    """ValueError, which tells nothing of the keys, for one that is none."""
    for number, key in enumerate(split(keys), start=1):
        if not _KEY.fullmatch(key):
            msg = f"key {number} is no Fernet key: make one with `python -m shared.seal new-key`"
            raise ValueError(msg)
    return keys


SealingKeys = Annotated[SecretStr, AfterValidator(_checked)]
