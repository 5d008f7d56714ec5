from pathlib import Path

import pytest
from pydantic import ValidationError

from local.config import StackSettings, in_words


def test_the_environment_sets_what_flags_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIXCRAWLER_LOCAL_HOST_PORT", "7171")
    monkeypatch.setenv("PIXCRAWLER_LOCAL_DATA", "elsewhere")
    settings = StackSettings()
    assert settings.api == "http://127.0.0.1:7171/api/v1"
    assert settings.data == Path.cwd() / "elsewhere"
    assert StackSettings(host_port=7272).host_port == 7272


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"host_port": 8081}, "two share 8081"),
        ({"blob_port": 10_103}, "two share 10103"),
        ({"gallery_port": 65_534}, "above 65535"),
        ({"host_port": 0}, "host_port: "),
        ({"host_port": 70_000}, "host_port: "),
    ],
)
def test_ports_that_cannot_be_are_refused(fields: dict[str, int], told: str) -> None:
    with pytest.raises(ValidationError) as raised:
        StackSettings(**fields)  # type: ignore[arg-type] # the plugin of mypy cannot see through **
    assert told in in_words(raised.value)
    assert "Value error" not in in_words(raised.value)
