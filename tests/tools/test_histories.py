import json
from pathlib import Path

import pytest

from tests.functions.orchestration import VERSION
from tests.functions.scenarios import SCENARIOS
from tools.histories import main


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in set(SCENARIOS) - {"cool"}:
        monkeypatch.delitem(SCENARIOS, name)


def test_histories_are_recorded_once_for_each_version(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([], tmp_path) == 0
    file = tmp_path / str(VERSION) / "cool.json"
    before = file.read_text()
    assert [one["orchestrator"] for one in json.loads(before)] == ["cool_dataset"]
    assert main([], tmp_path) == 1
    assert "--again" in capsys.readouterr().err
    assert file.read_text() == before
    (file.parent / "gone.json").touch()
    assert main(["--again"], tmp_path) == 0
    assert [one.name for one in file.parent.iterdir()] == ["cool.json"]
