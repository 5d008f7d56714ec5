"""Today's orchestrators go on with what those before began: the recorded histories give the same actions."""

import asyncio
import json
from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from typing import Any

import pytest
from durabletask.task import OrchestrationContext

from functions import build
from tests.functions.histories import FOLDER, Recorded, decisions, read, to_json
from tests.functions.orchestration import VERSION, Stage, handles, turn
from tests.functions.scenarios import DATASET, SCENARIOS

FILES = sorted(FOLDER.glob("*/*.json"))
ADVICE = """
This history of version {version} leads to other actions than it did: what runs under that version now would fail.
Branch by context.version and raise extensions.durableTask.defaultVersion in host.json (docs/operations.md,
"Change an orchestrator"), then record: make histories
"""


def names(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def decided(one: Recorded) -> list[dict[str, Any]]:
    return decisions(asyncio.run(turn(one.name, one.request.SerializeToString())))


@pytest.mark.parametrize("path", FILES, ids=names)
def test_a_recorded_history_gives_the_same_actions(path: Path) -> None:
    for one in read(path):
        assert decided(one) == one.actions, ADVICE.format(version=path.parent.name)


def test_every_orchestrator_has_a_history_of_the_version_that_is_shipped() -> None:
    newest = [one for path in (FOLDER / str(VERSION)).glob("*.json") for one in read(path)]
    own = {name for name in handles() if not name.startswith("BuiltIn__")}
    assert {one.name for one in newest} == own, "record: make histories"
    assert {path.stem for path in (FOLDER / str(VERSION)).glob("*.json")} == set(SCENARIOS)


@pytest.mark.parametrize("path", FILES, ids=names)
def test_parts_and_later_executions_keep_the_version_that_they_began_with(path: Path) -> None:
    assert {one.version for one in read(path)} == {path.parent.name}


def test_histories_name_nothing_of_the_machine_that_recorded_them() -> None:
    for path in FILES:
        found = path.read_text()
        assert "stackTrace" not in found
        assert str(Path(__file__).parents[2]) not in found
        assert "site-packages" not in found
        assert 'File \\"' not in found


Steps = Generator[Any, Any, Any]


def another_step(context: OrchestrationContext, request: dict[str, Any]) -> Steps:
    yield context.call_activity("write_letter", input=request)
    yield context.call_activity("notify", input=request, retry_policy=build.RETRY)


def another_input(context: OrchestrationContext, request: dict[str, Any]) -> Steps:
    yield context.call_activity("notify", input={**request, "politely": True}, retry_policy=build.RETRY)


def one_by_one(works: Iterable[Any]) -> Steps:
    results = []
    for work in works:
        results.append((yield work))  # noqa: PERF401 (a generator cannot yield from a comprehension)
    return results


@pytest.mark.parametrize(
    ("name", "changed", "scenario"),
    [
        ("_notify", another_step, "build-plain"),
        ("_notify", another_input, "delete"),
        ("_all", one_by_one, "build-merged"),
        ("shards_a_fetch", lambda _: 2, "build-plain"),
        ("shard_event", lambda label, number: f"{label}-{number}", "build-plain"),
        ("MAX_PASSES", 1, "build-second-pass"),
    ],
)
def test_a_change_that_is_not_shippable_is_found(
    name: str, changed: Callable[..., Any], scenario: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, name, changed)
    turns = list(read(FOLDER / str(VERSION) / f"{scenario}.json"))
    assert any(decided(one) != one.actions for one in turns)


def test_what_is_recorded_is_read_again(tmp_path: Path) -> None:
    stage = Stage({"cool_files": lambda _: None})
    stage.run("cool_dataset", DATASET, "d-cool")
    (tmp_path / "cool.json").write_text(json.dumps(to_json(stage.turns)))
    found = list(read(tmp_path / "cool.json"))
    assert [one.request.instanceId for one in found] == ["d-cool"] * len(stage.turns)
    assert all(decided(one) == one.actions for one in found)
