from pathlib import Path

import pytest

from local.host.errors import SettingError
from local.host.settings import apply_local_settings


def test_values_are_added_and_the_environment_wins(tmp_path: Path) -> None:
    (tmp_path / "local.settings.json").write_text(
        '{"IsEncrypted": false, "Values": {"A": "file", "B": "file", "N": 1}}'
    )
    environment = {"A": "environment"}
    apply_local_settings(tmp_path, environment)
    assert environment == {"A": "environment", "B": "file", "N": "1"}


def test_no_file_changes_nothing(tmp_path: Path) -> None:
    environment = {"A": "1"}
    apply_local_settings(tmp_path, environment)
    assert environment == {"A": "1"}


@pytest.mark.parametrize("text", ["", "[]", '{"Values": 3}'])
def test_a_file_that_is_not_right_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "local.settings.json").write_text(text)
    with pytest.raises(SettingError, match=r"local\.settings\.json cannot be used"):
        apply_local_settings(tmp_path, {})
