"""Orchestrators that were changed for the worse: the simulation finds out, and says so by its status."""

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from bench.simulate import model, orchestrators, page
from bench.simulate.__main__ import main
from bench.simulate.assumptions import Assumptions, Settings, Workload
from bench.simulate.build import Build
from bench.simulate.plan import Job, Result, Variant
from functions import build

AGAIN = 'task.model_copy(update={"round": task.round + 1}).model_dump()'
GOES_ON = f"    context.continue_as_new({AGAIN}, save_events=True)\n    return None\n"
STAYS = f"    return (yield from _rounds(context, {AGAIN}))\n"
BEGINS = """@bp.orchestration_trigger(context_name="context")
def collect_label("""
ALL_ROUNDS = """@bp.orchestration_trigger(context_name="context")
def collect_label(context, request):
    return (yield from _rounds(context, request))


def _rounds("""


def change(monkeypatch: pytest.MonkeyPatch, *changes: tuple[str, str]) -> None:
    """Simulate with the app's orchestrators, changed in this way."""
    source = Path(str(build.__file__)).read_text()
    for before, after in changes:
        assert source.count(before) == 1, before
        source = source.replace(before, after)
    module = ModuleType("changed")
    exec(compile(source, "changed", "exec"), module.__dict__)  # noqa: S102 (the app's own source)
    monkeypatch.setattr(orchestrators, "build", module)


def broken(workload: Workload, **settings: Any) -> list[str]:
    given = Settings(**{"max_shards_per_round": 150, "max_rounds": 30, "shard_wait_seconds": 60} | settings)
    found = Build(workload, 16, given, Assumptions()).run()
    return page.broken(Result(Job(workload, 16, Variant("changed", given, Assumptions())), found))


def test_a_label_whose_rounds_are_one_history(monkeypatch: pytest.MonkeyPatch) -> None:
    workload = Workload(1, 12_000)
    assert broken(workload, max_shards_per_round=15) == []
    change(monkeypatch, (GOES_ON, STAYS), (BEGINS, ALL_ROUNDS))
    (fault,) = broken(workload, max_shards_per_round=15)
    assert "events in collect_label, which may have 690" in fault


def test_the_command_fails_with_them(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["--workload", "1x30000", "--workers", "64", "--no-variants"]
    assert main(command) == 0
    change(monkeypatch, (GOES_ON, STAYS), (BEGINS, ALL_ROUNDS))
    assert main(command) == 1
    assert "a history of" in capsys.readouterr().out


def test_labels_that_are_all_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    workload = Workload(300, 20)
    assert not any("payload" in fault for fault in broken(workload))
    monkeypatch.setattr(model, "LABELS_A_PAGE", 300)
    assert any("payload of 2" in fault for fault in broken(workload))


def test_shards_that_are_fetched_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    workload = Workload(1, 14_000)
    assert broken(workload, max_shards_per_round=301) == []
    change(monkeypatch, ("together = shards_a_fetch(found.count)", "together = 1"))
    assert any("301 activities at once" in fault for fault in broken(workload, max_shards_per_round=301))
