"""Whose certificates are trusted: the system's authorities, and those of a file of one's own."""

import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from builder.errors import SettingError


def trusting(ca_file: Path) -> bytes:
    """The certificates in `ca_file` (PEM) as they are there; `SettingError` when they cannot be read or are none."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=ca_file)
        return ca_file.read_bytes()
    except OSError as error:  # ssl.SSLError is one
        msg = f"{ca_file} has no certificates to trust: give a PEM file of authorities ({error})"
        raise SettingError(msg) from error


def system_authorities() -> Path:
    """The PEM file of the authorities that this system trusts, by OpenSSL's rules (`SSL_CERT_FILE` too).

    A wheel's libcurl looks where the system it was built on has them. Where a system has no such file: Mozilla's.
    """
    found: str | None = ssl.get_default_verify_paths().cafile  # typeshed says str
    if found is not None:
        return Path(found)
    import certifi

    return Path(certifi.where())


@contextmanager
def authorities(ca_file: Path | None) -> Iterator[Path]:
    """A PEM file of the system's authorities and those in `ca_file`, for as long as the context lasts.

    One file, and always the same: only then does libcurl read it once and not for every connection
    (`CURLOPT_CA_CACHE_TIMEOUT`).
    """
    if ca_file is None:
        yield system_authorities()
        return
    with tempfile.NamedTemporaryFile(prefix="authorities-", suffix=".pem") as joined:
        joined.write(system_authorities().read_bytes() + b"\n" + trusting(ca_file))
        joined.flush()
        yield Path(joined.name)
