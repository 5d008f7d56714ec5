"""Runs of every orchestrator with scripted activities, whose histories are recorded for replaying."""

from collections.abc import Callable, Mapping
from typing import Any

from tests.functions import test_build, test_deliver, test_take_down
from tests.functions.orchestration import Stage

Scenario = Callable[[], Stage]

DATASET = {"owner": "o", "dataset": "d"}


def _run(stage: Stage, orchestrator: str, request: Mapping[str, Any], instance: str) -> Stage:
    stage.run(orchestrator, dict(request), instance)
    return stage


def _build(script: Callable[[], Stage]) -> Scenario:
    return lambda: _run(script(), "build_dataset", test_build.TASK, "d")


def exporting() -> Stage:
    """Two datasets, then one more, then none."""
    pages = [["a", "b"], ["c"], []]
    nothing = dict.fromkeys(["collect_dataset", "collect_tenant"], lambda _: None)
    return Stage({**nothing, "export_page": lambda _: pages.pop(0)})


SCENARIOS: dict[str, Scenario] = {
    **{f"build-{script.__name__.replace('_', '-')}": _build(script) for script in test_build.SCENARIOS},
    "delete": lambda: _run(test_build.plain(), "delete_dataset", DATASET, "d-delete"),
    "cool": lambda: _run(Stage({"cool_files": lambda _: None}), "cool_dataset", DATASET, "d-cool"),
    "export-version": lambda: _run(
        Stage({"write_version_export": lambda _: None}),
        "export_version",
        {**DATASET, "version": 1, "format": "csv"},
        "d-v1-csv",
    ),
    "deliver": lambda: _run(
        test_deliver.scripted("failed", "failed", "delivered"), "deliver_webhook", test_deliver.TASK, "deliver-1"
    ),
    "take-down": lambda: _run(test_take_down.Tenant().stage(), "take_down", test_take_down.TASK, "t1"),
    "erase-tenant": lambda: _run(test_take_down.erasing(), "erase_tenant_data", test_take_down.ERASURE, "e1"),
    "export-tenant": lambda: _run(exporting(), "export_tenant_data", {"owner": "o", "export": "x"}, "export-x"),
}
"""By the name of its file."""
