"""The local stack's key that seals secrets in its database, kept in the data folder."""

import os
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from pathlib import Path

from local.first_key import FirstKeyError

FILE = "sealing-key"
SETTING = "PIXCRAWLER_SEALING_KEYS"


def ensure(data: Path, environment: Mapping[str, str] = os.environ) -> str:
    """The keys that the environment names; else the one in the data folder, which is made when there is none.

    It is a Fernet key: 32 random bytes in base64. Raises FirstKeyError when it cannot be kept.
    """
    if own := environment.get(SETTING):
        return own
    file = data / FILE
    try:
        return file.read_text().strip() if file.exists() else _made(file)
    except OSError as error:
        msg = f"{file} cannot be read or written: {error.strerror or error}"
        raise FirstKeyError(msg) from error


def _made(file: Path) -> str:
    key = urlsafe_b64encode(secrets.token_bytes(32)).decode()
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{FILE}.part")
    part.unlink(missing_ok=True)
    # Never readable by others, not even for a moment; and whole, or not there.
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(key)
    part.replace(file)
    return key
