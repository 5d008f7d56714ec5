from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from local.first_key import FirstKeyError
from local.sealing_key import FILE, SETTING, ensure


def test_a_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    data = tmp_path / "data"
    key = ensure(data, {})
    assert Fernet(key).decrypt(Fernet(key).encrypt(b"x")) == b"x"
    assert ensure(data, {}) == key
    assert [(path.name, path.stat().st_mode & 0o777) for path in data.iterdir()] == [(FILE, 0o600)]


def test_a_person_s_own_keys_win(tmp_path: Path) -> None:
    assert ensure(tmp_path, {SETTING: "a,b"}) == "a,b"
    assert not list(tmp_path.iterdir())


def test_where_it_cannot_be_kept_is_said(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with pytest.raises(FirstKeyError, match="sealing-key cannot be read or written"):
        ensure(tmp_path / "data", {})
