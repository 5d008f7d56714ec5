"""The table at the end, on wide terminals and narrow ones."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from builder.cli import summary


@dataclass(frozen=True)
class Counts:
    found: int = 26
    accepted: int = 12
    duplicates: int = 4
    surplus: int = 4
    rejected: int = 3
    failed: int = 3
    reasons: Mapping[str, int] = field(default_factory=lambda: {"over_target": 4, "exact_duplicate": 4})


def shown(width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> list[str]:
    monkeypatch.setattr(summary, "PLAIN_WIDTH", width)
    summary.print_counts([("cat", Counts(), 12), ("dog", Counts(reasons={}), 12), ("all", Counts(), 24)], summed=True)
    return capsys.readouterr().out.splitlines()


def test_reasons_stand_beside_the_figures(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(120, monkeypatch, capsys)
    [cat] = [line for line in lines if line.startswith("cat")]
    assert "4 above the target, 4 exact copies" in cat
    before, last, _ = lines[-3:]
    assert not before, "what is summed is set off"
    assert last.startswith("all")


def test_on_a_narrow_terminal_reasons_come_below(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = shown(80, monkeypatch, capsys)
    assert max(map(len, lines)) <= 80
    assert "duplicates  surplus  rejected  failed" in lines[0].replace("   ", "  ")
    assert [line for line in lines if "not kept" in line] == [
        "cat, not kept: 4 above the target, 4 exact copies",
        "all, not kept: 4 above the target, 4 exact copies",
    ]
