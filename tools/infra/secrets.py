"""Names that a secret goes by: what must never leave a template as an output."""

import re

SECRET = re.compile(
    r"(connection_?strings?|instrumentation_?key|password|passphrase|(primary|secondary|shared|account|access|master|api)_?key"
    r"|(primary|secondary)readonlymasterkey|client_?secret|sas_?(token|uri|url)|^secret(value)?$|^keys$)",
    re.IGNORECASE,
)


def names_a_secret(name: str) -> bool:
    """Return whether a property of a deployed resource called `name` holds a key, a password or a connection string."""
    return SECRET.search(name) is not None
