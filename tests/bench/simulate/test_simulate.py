import json
import math
from dataclasses import asdict, fields, replace
from typing import Any

import pytest

from bench.errors import BenchError
from bench.results import Machine
from bench.simulate import page
from bench.simulate.__main__ import main
from bench.simulate.assumptions import SOURCES, Assumptions, Settings, Workload
from bench.simulate.build import Build, Measured
from bench.simulate.model import Model
from bench.simulate.plan import Job, Result, Variant, jobs, usual
from builder.rounds import SHARD_SIZE
from tests.readme import ROOT

MACHINE = Machine(processor="Some CPU", processors=2, memory_bytes=8 << 30, system="Linux", python="3.13", peers={})


def measured(workload: Workload, *, workers: int = 16, replay: bool = False, **changes: Any) -> Measured:
    return Build(workload, workers, usual().settings, replace(Assumptions(), **changes), replay=replay).run()


@pytest.fixture(scope="module")
def small() -> Measured:
    """Three labels: the bounds that hold for them by themselves hold for any number."""
    return measured(Workload(3, 2_000), lost_events=0.02, failures=0.05, taken_by_others=0.1)


def test_a_small_build_keeps_the_bounds(small: Measured) -> None:
    assert page.broken(Result(Job(small.workload, small.workers, usual()), small)) == []
    assert (small.state, small.images) == ("ready", 6_000)
    histories = {name: one.most_events for name, one in small.tally.orchestrators.items()}
    assert histories["build_dataset"] < 100
    assert histories["collect_labels"] < 100
    assert histories["collect_label"] < 6 * usual().settings.max_shards_per_round
    assert small.tally.orchestrators["collect_label"].executions > 3, "labels go on"


def test_whatever_can_happen_happened(small: Measured) -> None:
    payloads = small.tally.payloads
    assert {"validate_late_shards: input", "collect_label: input of the next round"} <= set(payloads)
    assert small.tally.actions["timer"] > small.tally.orchestrators["collect_label"].executions, "retries, too"
    assert payloads["wanted_page: output"] > 3 * 64, "labels have the longest names that there can be"


def test_orchestrations_that_are_kept_decide_as_those_that_are_replayed() -> None:
    workload = Workload(2, 300)
    changes: dict[str, Any] = {"lost_events": 0.1, "failures": 0.2}
    kept, replayed = measured(workload, **changes), measured(workload, replay=True, **changes)
    assert asdict(replace(kept, took=0)) == asdict(replace(replayed, took=0))


def test_more_workers_take_less_time_until_something_else_takes_longer() -> None:
    walls = [measured(Workload(2, 1_000), workers=workers).collected for workers in (1, 8, 500, 1_000)]
    assert walls[0] > 4 * walls[1] > walls[2]
    assert walls[2] == walls[3]


def test_few_workers_take_as_long_as_the_work_divided_among_them() -> None:
    workers = 4
    found = measured(Workload(20, 500), workers=workers)
    mean = 12.0 * math.exp(0.35**2 / 2)  # of a log-normal time
    least = found.candidates / SHARD_SIZE * mean / workers
    assert 0.95 * least < found.collected < 1.2 * least
    assert found.busy > 0.9


def test_limits_of_database_and_scheduler_are_kept() -> None:
    workload = Workload(2, 1_000)
    free = measured(workload, workers=500)
    slow = measured(workload, workers=500, units_per_second=300.0)
    assert slow.collected > slow.candidates / SHARD_SIZE, "one shard a second"
    throttled = measured(workload, workers=500, actions_per_second=1.0)
    rates = [one.tally.actions.total() / one.wall for one in (throttled, free)]
    assert rates[0] <= 1 < rates[1]


def test_bounds_that_are_broken_are_told(small: Measured) -> None:
    few = replace(small, images=100, state="incomplete")
    result = Result(Job(few.workload, few.workers, usual()), few)
    assert len(page.broken(result)) == 2
    text = page.markdown(MACHINE, [result], 60)
    assert "actions for an image; it ended incomplete" in text
    assert "3 labels x 2,000 | `collect_label` |" in text


def test_rounds_that_are_too_few_leave_a_build_incomplete() -> None:
    settings = replace(usual().settings, max_shards_per_round=2, max_rounds=3)
    found = Build(Workload(1, 2_000), 4, settings, Assumptions()).run()
    assert found.state == "incomplete"
    assert found.candidates < 2_000


@pytest.mark.parametrize(
    ("step", "message"), [("_wanted_page", "build failed.*needs"), ("_plan_build", "stands still")]
)
def test_a_build_that_fails_says_why(step: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Model, step, lambda *_: ({"nonsense": 1}, 1.0))
    with pytest.raises(BenchError, match=f"(?s){message}"):
        measured(Workload(1, 100))


def test_other_ways_are_tried_where_they_differ() -> None:
    names = [
        (job.workload.labels, job.variant.name)
        for job in jobs([Workload(1, 20_000), Workload(9, 10)], [1, 2], variants=True)
    ]
    assert (1, "rounds of 50 shards") in names
    assert (9, "rounds of 50 shards") not in names
    assert (9, "no limit of the database") in names
    assert len(jobs([Workload(1, 1)], [1, 2], variants=False)) == 2


def test_the_command_tells_and_the_page_has_the_markers(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--workload", "1x2000", "--workers", "2", "--no-variants"]) == 0
    assert "| 1 labels x 2,000 | 2,000 |" in capsys.readouterr().out
    text = (ROOT / "docs" / "scale.md").read_text()
    assert text.index(page.BEGIN) < text.index(page.END)


def test_settings_are_the_apps() -> None:
    assert set(SOURCES) < {field.name for field in fields(Assumptions)}
    assert usual() == Variant("as it comes", Settings(150, 30, 60), Assumptions())
    assert json.loads(json.dumps(asdict(usual().given)))["actions_per_second"] == 500
