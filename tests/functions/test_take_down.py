"""Take-downs and erasures as orchestrations, with scripted activities."""

from typing import Any

from durabletask.client import OrchestrationStatus

from tests.functions.orchestration import Stage, actions, turn

TASK = {"owner": "o", "takedown": "t", "created": "2026-11-22T10:00:00Z"}
ERASURE = {"owner": "o", "erasure": "e", "by": "key:a", "created": "2026-11-22T10:00:00Z"}
EXPORT = {"owner": "o", "export": "x"}
DONE = (OrchestrationStatus.COMPLETED, None)


class Tenant:
    """A tenant with datasets in two pages; `busy` of them is being built for two looks."""

    def __init__(self, *, learns: bool = True) -> None:
        self.learns = learns
        self.busy = 2

    def page(self, task: dict[str, Any]) -> dict[str, Any]:
        names, after = (("a", "b"), "b") if not task["after"] else (("c",), None)
        return {"datasets": names, "after": after, "learns": self.learns, "pause": 0.01}

    def sweep(self, task: dict[str, Any]) -> dict[str, Any]:
        running = task["dataset"] == "a" and self.busy > 0
        self.busy -= running
        return {"running": running}

    def stage(self) -> Stage:
        return Stage(
            {
                "takedown_page": self.page, "learn_takedown": lambda _: None, "sweep_dataset": self.sweep,
                "sweep_uploads": lambda _: None, "say_takedown": lambda _: None,
            }
        )  # fmt: skip


def names(stage: Stage) -> list[str]:
    short = {"learn_takedown": "learn", "sweep_dataset": "sweep"}
    found = []
    for name, value in stage.calls:
        if name != "takedown_page":
            found.append(f"{short.get(name, name)} {value.get('dataset') or value.get('state') or ''}".strip())
    return found


def test_everything_is_learned_then_swept_then_looked_at_again_until_no_build_goes_on() -> None:
    stage = Tenant().stage()
    assert stage.run("take_down", TASK, "t1") == DONE
    sweep = ["sweep a", "sweep b", "sweep c"]
    found = names(stage)
    assert sorted(found[:3]) == ["learn a", "learn b", "learn c"]
    assert sorted(found[3:6]) == sweep
    assert found[6:8] == ["sweep_uploads", "say_takedown waiting"]
    assert sorted(found[8:11]) == sweep, "a was still being built"
    assert sorted(found[11:14]) == sweep
    assert found[14:] == ["say_takedown done"]


def test_a_host_is_swept_at_once() -> None:
    stage = Tenant(learns=False).stage()
    assert stage.run("take_down", TASK, "t1") == DONE
    assert not [one for one in names(stage) if one.startswith("learn")]


def test_what_was_lifted_ends() -> None:
    stage = Stage({"takedown_page": lambda _: None})
    assert stage.run("take_down", TASK, "t1") == DONE
    assert len(stage.calls) == 1


def erasing() -> Stage:
    pages = [["a", "b"], ["c"], [], []]
    nothing = dict.fromkeys(
        ["erase_parts", "erase_all_parts", "erase_documents", "erase_access", "end_erasure"], lambda _: None
    )
    return Stage({**nothing, "erasure_page": lambda _: pages.pop(0), "settle_seconds": lambda _: 0.01})


def test_a_tenant_goes_dataset_by_dataset_then_documents_then_keys_then_the_rest() -> None:
    stage = erasing()
    assert stage.run("erase_tenant_data", ERASURE, "e1") == DONE
    found = [name for name, _ in stage.calls if name not in {"erasure_page", "settle_seconds"}]
    assert found == [
        *["erase_parts"] * 2, *["erase_all_parts"] * 2, "erase_parts", "erase_all_parts",
        "erase_documents", "erase_access", "end_erasure",
    ]  # fmt: skip
    assert len(stage.called("erasure_page")) == 4, "what was made meanwhile is looked for once more"


def exporting() -> Stage:
    pages = [["a", "b"], ["c"], []]
    return Stage(
        {
            "export_page": lambda _: pages.pop(0), "collect_dataset": lambda _: None, "collect_tenant": lambda _: None,
        }
    )  # fmt: skip


def test_an_export_collects_dataset_by_dataset_then_the_tenant() -> None:
    stage = exporting()
    assert stage.run("export_tenant_data", EXPORT, "x1") == DONE
    assert [one["after"] for one in stage.called("export_page")] == ["", "b", "c"]
    assert sorted(one["dataset"] for one in stage.called("collect_dataset")) == ["a", "b", "c"]
    assert [name for name, _ in stage.calls][-1] == "collect_tenant"


async def test_the_same_history_gives_the_same_actions() -> None:
    import asyncio

    for name, request, stage in (
        ("take_down", TASK, Tenant().stage()),
        ("erase_tenant_data", ERASURE, erasing()),
        ("export_tenant_data", EXPORT, exporting()),
    ):
        await asyncio.to_thread(stage.run, name, request, "i1")
        for one in stage.turns:
            assert actions(await turn(one.name, one.request)) == one.actions
