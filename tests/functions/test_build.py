import ast
import asyncio
import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from durabletask.client import OrchestrationStatus

from functions import build
from tests.functions.orchestration import Activity, Stage, actions, turn

ROOT = Path(__file__).parents[2]
TASK = {"owner": "default", "dataset": "d"}
PLAN = {"pages": [0], "exports": ["imagefolder"], "shard_wait_seconds": 30, "max_rounds": 30}


class Script(Stage):
    """Activities that behave like a small build; a test replaces some."""

    def __init__(self, **changes: Activity) -> None:
        usual: dict[str, Activity] = {
            "plan_build": lambda _: PLAN,
            "wanted_page": lambda _: {"needs": {"cat": 10}},
            "search": lambda one: {"first": 2 * (one["round"] - 1), "count": 2, "dry": False, "stopped": False},
            "fetch_shards": self.fetched,
            "validate_late_shards": lambda _: None,
            "count_kept": lambda _: 10,
            "deduplicate": lambda _: [],
            "assemble": lambda _: None,
            "export": lambda _: None,
            "finish_build": lambda _: "ready",
            "fail_build": lambda _: None,
            "notify": lambda _: None,
            "erase_parts": lambda _: None,
            "settle_seconds": lambda _: 0.1,
            "erase_dataset": lambda _: None,
        }
        super().__init__(usual | changes)

    def fetched(self, fetch: dict[str, Any]) -> list[str]:
        """Fetch, and let the blob trigger be fast: the events come before the activity ends."""
        for number in range(fetch["first"], fetch["first"] + fetch["count"]):
            self.client.raise_orchestration_event(fetch["instance"], build.shard_event(fetch["label"], number))
        return ["fetched"] * fetch["count"]


def plain() -> Script:
    return Script()


def three_rounds() -> Script:
    kept = iter([3, 7, 10])
    return Script(count_kept=lambda _: next(kept))


def late_shards() -> Script:
    return Script(
        plan_build=lambda _: {**PLAN, "shard_wait_seconds": 1}, fetch_shards=lambda one: ["fetched"] * one["count"]
    )


def left_over() -> Script:
    return Script(
        plan_build=lambda _: {**PLAN, "shard_wait_seconds": 3600}, fetch_shards=lambda one: ["found"] * one["count"]
    )


def second_pass() -> Script:
    short = iter([[0], []])
    needs = iter([10, 14])
    return Script(
        deduplicate=lambda _: next(short),
        wanted_page=lambda _: {"needs": {"cat": next(needs)}},
        count_kept=lambda one: one["need"],
    )


def broken() -> Script:
    def assemble(_: Any) -> None:
        msg = "disk full"
        raise OSError(msg)

    return Script(assemble=assemble)


def recomputed() -> Script:
    """Nothing is searched; people change a row during the work, so that it is done twice."""
    ends = iter(["building", "ready"])
    return Script(
        plan_build=lambda _: {**PLAN, "pages": []},
        deduplicate=lambda _: [0],
        finish_build=lambda _: next(ends),
    )


def merged() -> Script:
    return Script(
        plan_build=lambda _: {**PLAN, "pages": [], "merge": True},
        gather_images=lambda _: {"shards": 3, "together": 2},
        copy_images=lambda _: None,
    )


def refreshed() -> Script:
    return Script(
        plan_build=lambda _: {**PLAN, "max_rounds": 2},
        wanted_page=lambda _: {"needs": {"cat": 10}, "rounds": {"cat": 3}},
        count_kept=lambda _: 0,
    )


def two_pages() -> Script:
    """Two pages of labels; after the first time two labels of the second page are short."""
    short = iter([[1], []])
    wanted = {0: [{"cat": 10}], 1: [{"dog": 14, "eel": 12}, {"dog": 10, "eel": 10, "fox": 10}]}
    return Script(
        plan_build=lambda _: {**PLAN, "pages": [0, 1]},
        wanted_page=lambda one: {"needs": wanted[one["page"]].pop()},
        deduplicate=lambda _: next(short),
        count_kept=lambda one: one["need"],
    )


SCENARIOS = [plain, three_rounds, late_shards, left_over, second_pass, broken, recomputed, merged, refreshed, two_pages]


def run(script: Script) -> tuple[OrchestrationStatus, Any]:
    return script.run("build_dataset", TASK, "d")


def test_a_build_calls_every_step_once() -> None:
    script = plain()
    assert run(script) == (OrchestrationStatus.COMPLETED, "ready")
    assert [name for name, _ in script.calls] == [
        "plan_build", "wanted_page", "search", "fetch_shards", "fetch_shards", "count_kept", "deduplicate", "assemble",
        "export", "finish_build", "notify",
    ]  # fmt: skip
    assert script.called("export") == [{**TASK, "format": "imagefolder"}]
    assert {shard["instance"] for shard in script.called("fetch_shards")} == {"d-cat-1"}


def test_a_label_searches_until_it_has_enough() -> None:
    script = three_rounds()
    assert run(script) == (OrchestrationStatus.COMPLETED, "ready")
    assert [one["round"] for one in script.called("search")] == [1, 2, 3]
    assert [one["first"] for one in script.called("fetch_shards")] == [0, 1, 2, 3, 4, 5]


def test_a_label_stops_when_its_sources_are_dry() -> None:
    script = Script(search=lambda _: {"first": 0, "count": 0, "dry": True, "stopped": False}, count_kept=lambda _: 0)
    assert run(script)[0] == OrchestrationStatus.COMPLETED
    assert len(script.called("search")) == 1
    assert script.called("fetch_shards") == []


def test_a_label_stops_after_the_most_rounds() -> None:
    script = Script(plan_build=lambda _: {**PLAN, "max_rounds": 2}, count_kept=lambda _: 0)
    run(script)
    assert len(script.called("search")) == 2


def test_shards_without_an_event_are_validated_by_the_orchestration() -> None:
    script = late_shards()
    assert run(script) == (OrchestrationStatus.COMPLETED, "ready")
    assert [one["numbers"] for one in script.called("validate_late_shards")] == [[0, 1]]


def test_shards_that_are_validated_already_are_not_waited_for() -> None:
    script = Script(
        plan_build=lambda _: {**PLAN, "shard_wait_seconds": 3600}, fetch_shards=lambda one: ["done"] * one["count"]
    )
    assert run(script) == (OrchestrationStatus.COMPLETED, "ready")


def test_raw_shards_of_an_earlier_life_are_validated_without_waiting() -> None:
    script = left_over()
    assert run(script) == (OrchestrationStatus.COMPLETED, "ready")
    assert [one["numbers"] for one in script.called("validate_late_shards")] == [[0, 1]]


def test_labels_that_lost_images_collect_again_from_the_next_round_on() -> None:
    script = second_pass()
    assert run(script) == (OrchestrationStatus.COMPLETED, "ready")
    assert [(one["round"], one["need"]) for one in script.called("search")] == [(1, 10), (2, 14)]
    assert {shard["instance"] for shard in script.called("fetch_shards")} == {"d-cat-1", "d-cat-2"}


def test_labels_come_in_pages_and_go_on_where_they_were() -> None:
    script = two_pages()
    assert run(script) == (OrchestrationStatus.COMPLETED, "ready")
    assert [one["page"] for one in script.called("wanted_page")] in ([0, 1, 1], [1, 0, 1])
    searched = sorted((one["label"], one["round"], one["need"]) for one in script.called("search"))
    assert searched == [
        ("cat", 1, 10), ("dog", 1, 10), ("dog", 2, 14), ("eel", 1, 10), ("eel", 2, 12), ("fox", 1, 10),
    ]  # fmt: skip


def test_a_long_round_is_fetched_two_shards_at_a_time() -> None:
    script = Script(search=lambda _: {"first": 5, "count": 9})
    assert run(script) == (OrchestrationStatus.COMPLETED, "ready")
    fetches = sorted((one["first"], one["count"]) for one in script.called("fetch_shards"))
    assert fetches == [(5, 2), (7, 2), (9, 2), (11, 2), (13, 1)]


def test_after_curation_nothing_is_searched_and_changes_meanwhile_are_worked_in() -> None:
    script = recomputed()
    assert run(script) == (OrchestrationStatus.COMPLETED, "ready")
    once = ["plan_build", "deduplicate", "assemble", "export", "finish_build"]
    assert [name for name, _ in script.calls] == [*once, *once, "notify"]


def test_a_merge_copies_before_it_deduplicates() -> None:
    script = merged()
    assert run(script) == (OrchestrationStatus.COMPLETED, "ready")
    assert [name for name, _ in script.calls] == [
        "plan_build", "gather_images", "copy_images", "copy_images", "deduplicate", "assemble", "export",
        "finish_build", "notify",
    ]  # fmt: skip
    assert sorted((one["first"], one["count"]) for one in script.called("copy_images")) == [(0, 2), (2, 1)]


def test_a_refresh_goes_on_after_the_last_round_and_has_rounds_of_its_own() -> None:
    script = refreshed()
    run(script)
    assert [one["round"] for one in script.called("search")] == [3, 4]


def test_an_export_of_a_version_is_one_activity() -> None:
    script = Script(write_version_export=lambda _: None)
    request = {**TASK, "version": 1, "format": "csv"}
    assert script.run("export_version", request, "d-v1-csv")[0] == OrchestrationStatus.COMPLETED
    assert script.called("write_version_export") == [request]


def test_a_step_that_keeps_failing_fails_the_build_with_its_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build.RETRY, "_max_number_of_attempts", 1)
    script = broken()
    assert run(script) == (OrchestrationStatus.COMPLETED, "failed")
    [told] = script.called("fail_build")
    assert "disk full" in told["message"]
    assert script.called("notify") == [TASK]


def test_a_build_ends_as_it_ended_even_if_nobody_can_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build.RETRY, "_max_number_of_attempts", 1)

    def notify(_: Any) -> None:
        msg = "no database"
        raise OSError(msg)

    script = Script(notify=notify)
    assert run(script) == (OrchestrationStatus.COMPLETED, "ready")
    assert script.called("fail_build") == []


def test_a_dataset_that_is_not_to_be_built_is_left_alone() -> None:
    script = Script(plan_build=lambda _: None)
    assert run(script) == (OrchestrationStatus.COMPLETED, "stopped")
    assert len(script.calls) == 1


def test_deleting_erases_now_and_once_more_later() -> None:
    script = plain()
    assert script.run("delete_dataset", TASK, "d-delete")[0] == OrchestrationStatus.COMPLETED
    assert [name for name, _ in script.calls] == ["notify", "erase_parts", "settle_seconds", "erase_dataset"]


REPLAY = """
import asyncio, base64, json, sys
from tests.functions.orchestration import actions, turn
turns = json.load(sys.stdin)
print(json.dumps([actions(asyncio.run(turn(name, base64.b64decode(request)))) for name, request in turns]))
"""


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_same_history_gives_the_same_actions(scenario: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also in another process, at another time, with other hash seeds and settings."""
    monkeypatch.setattr(build.RETRY, "_max_number_of_attempts", 1)
    script = scenario()
    run(script)
    assert len(script.turns) >= 5
    for one in script.turns:
        assert actions(asyncio.run(turn(one.name, one.request))) == one.actions
    env = {**os.environ, "PYTHONHASHSEED": "4711", "TZ": "Asia/Tokyo", "PIXCRAWLER_SHARD_WAIT_SECONDS": "7"}
    history = json.dumps([(one.name, base64.b64encode(one.request).decode()) for one in script.turns])
    if scenario is not broken:  # the other process has the usual number of attempts
        done = subprocess.run(
            [sys.executable, "-c", REPLAY], cwd=ROOT, env=env, input=history, text=True, capture_output=True, check=True
        )
        assert [tuple(one) for one in json.loads(done.stdout)] == [one.actions for one in script.turns]


@pytest.mark.parametrize("module", ["build.py", "deliver.py"])
def test_orchestrators_import_nothing_that_could_differ_between_replays(module: str) -> None:
    tree = ast.parse((ROOT / "functions" / module).read_text())
    imported = {
        name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [f"{node.module}.{alias.name}" for alias in node.names]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
        )
    }
    allowed = (
        "azure.durable_functions",
        "collections.abc.",
        "datetime.timedelta",
        "itertools.batched",
        "durabletask.task.",
        "shared.tasks.",
        "typing.",
    )
    assert [name for name in imported if not name.startswith(allowed)] == []


def test_payloads_stay_small() -> None:
    script = plain()
    run(script)
    assert max(len(json.dumps(value)) for _, value in script.calls) < 1_000
