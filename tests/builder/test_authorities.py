"""Authorities: the system's, and one's own beside them. That they are heeded is tested with `builder.fetcher`."""

import ssl
from pathlib import Path

import pytest
import trustme

from builder.authorities import authorities, system_authorities, trusting
from builder.errors import SettingError


def test_the_system_has_authorities() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cafile=system_authorities())
    assert len(context.get_ca_certs()) > 10


def test_a_system_without_any_takes_mozillas(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import certifi

    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    assert system_authorities() == Path(certifi.where())


def test_ones_own_stand_beside_the_systems_for_a_while(tmp_path: Path) -> None:
    own = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(own)
    with authorities(own) as joined:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cafile=joined)
        theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        theirs.load_verify_locations(cafile=system_authorities())
        assert len(context.get_ca_certs()) == len(theirs.get_ca_certs()) + 1
    assert not joined.exists()
    with authorities(None) as systems:
        assert systems == system_authorities()
    assert systems.exists()


def test_what_is_no_certificate_is_said_before_anything_is_fetched(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="has no certificates to trust"):
        trusting(tmp_path / "none.pem")
