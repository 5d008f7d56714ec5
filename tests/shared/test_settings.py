import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from shared.settings import Settings

SAMPLE = Path(__file__).parents[2] / "local.settings.sample.json"
OF_THE_HOST = {"FUNCTIONS_WORKER_RUNTIME", "PYTHON_THREADPOOL_THREAD_COUNT"}


def names() -> set[str]:
    fields = Settings.model_fields
    return {field.alias or f"PIXCRAWLER_{name.upper()}" for name, field in fields.items()}


def test_every_name_in_the_sample_is_a_setting() -> None:
    values = json.loads(SAMPLE.read_text())["Values"]
    overrides = {name for name in values if name.startswith("AzureFunctionsJobHost__")}  # of host.json
    assert set(values) - OF_THE_HOST - overrides <= names()


def test_the_sample_is_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in json.loads(SAMPLE.read_text())["Values"].items():
        monkeypatch.setenv(name, value)
    found = Settings()
    assert found.create_resources
    assert found.blob_trigger_source == "LogsAndContainerScan"
    assert "AccountKey" not in repr(found)
    assert found.take_down_list is None, "an empty value is no file"


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().max_rounds = 1  # type: ignore[misc]
