"""What progress looks like without a terminal, and on one."""

import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
from rich.console import Console
from rich.progress import Progress as ProgressOfRich

from builder.cli.bars import Bar, Bars
from builder.cli.options import Output
from builder.cli.progress import Lines, clock_time, counting, showing
from builder.run import Progress
from builder.work import Stage


def test_a_line_per_stage_and_one_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    times = iter([100.0, 102.0, 106.0, 107.0, 108.0, 113.0, 114.0])
    lines = Lines(5.0, clock=lambda: next(times))
    lines.show("fetching", 50, 250, "50 kept")
    lines.show("fetching", 60, 250, "60 kept")
    lines.show("fetching", 110, 1_250, "2 failed")
    lines.show("fetching", 120, 1_250, "2 failed")
    lines.show("describing", 0, None, "")
    lines.show("describing", 6, None, "")
    lines.show("done", 0, None, "")
    lines.close()
    assert capsys.readouterr().err.splitlines() == [
        "fetching: 50 of 250, 50 kept",
        "fetching: 110 of 1,250, 10.0/s, 1:54 left, 2 failed",
        "fetching: 120 of 1,250, 10.0/s, 1:53 left, 2 failed",
        "describing",
        "describing: 6, 1.2/s",
    ]


def test_nothing_is_said_twice(capsys: pytest.CaptureFixture[str]) -> None:
    with showing(Output(json=False, quiet=False), "exporting") as on_progress:
        on_progress(Progress("exporting"))
    assert capsys.readouterr().err.splitlines() == ["exporting"]


def test_times() -> None:
    assert [clock_time(seconds) for seconds in (0.4, 59.6, 61, 3_599.4, 3_600, 36_061)] == [
        "0:00",
        "1:00",
        "1:01",
        "59:59",
        "1:00:00",
        "10:01:01",
    ]


@pytest.mark.parametrize("output", [Output(json=True, quiet=False), Output(json=False, quiet=True)])
def test_nothing_is_said_or_counted_where_nobody_looks(output: Output, capsys: pytest.CaptureFixture[str]) -> None:
    def count() -> int:
        raise AssertionError

    with counting(output, "reading", count) as put:
        put(3)
    assert capsys.readouterr() == ("", "")


@pytest.fixture
def terminal() -> Iterator[io.StringIO]:
    with io.StringIO() as screen:
        yield screen


def test_bars(terminal: io.StringIO) -> None:
    bars = Bars(Console(file=terminal, force_terminal=True, width=140, color_system=None))
    bars.show("fetching", 0, None, "")
    bars.show("fetching", 50, 200, "7 failed")
    bars.show("fetching", 200, 200, "8 failed")
    bars.show("describing", 0, None, "")
    bars.show("done", 0, None, "")
    bars.close()
    rows = [row for row in re.split(r"[\r\n]|\x1b\[[0-9;?]*[A-Za-z]", terminal.getvalue()) if row.strip()]
    fetching = next(row for row in reversed(rows) if row.startswith("fetching"))
    assert "200/200" in fetching
    assert "8 failed" in fetching
    assert rows[-1].startswith("describing")
    assert not [row for row in rows if row.startswith("done")]


@pytest.mark.parametrize("width", [70, 80, 110, 160])
def test_figures_are_whole_in_narrow_terminals(terminal: io.StringIO, width: int) -> None:
    bars = Bars(Console(file=terminal, force_terminal=True, width=width, color_system=None))
    bars.show("fetching", 0, 5_000, "")
    bars.show(
        "fetching", 1_250, 5_000, "4,000 of 9,000 candidates, 1,230 rejected, 2,270 failed, 1,234.5 MB, searching"
    )
    bars.close()
    rows = [row for row in re.split(r"[\r\n]|\x1b\[[0-9;?]*[A-Za-z]", terminal.getvalue()) if "1,250" in row]
    assert rows
    for row in rows:
        assert len(row) <= width
        assert re.match(r"fetching +\S+ +1,250/5,000 +([\d,.]+/s +)?0:00:0\d +(--:--|\d\d:\d\d) ", row), row


def test_a_stage_without_a_count_stands_still_when_it_has_ended() -> None:
    bar = Bar()
    with ProgressOfRich(bar, console=Console(file=io.StringIO(), force_terminal=True)) as shown:
        task = shown.add_task("planning", total=None)
        assert bar.render(shown.tasks[0]).total is None, "it pulses"
        shown.stop_task(task)
        ended = bar.render(shown.tasks[0])
    assert (ended.completed, ended.total, ended.pulse) == (1, 1, False)


def progress(stage: Stage, **counts: Any) -> Progress:
    return Progress(stage, **{"total": 700, "done": 400, "accepted": 120, "fetched_bytes": 1_234_567, **counts})


@pytest.mark.parametrize(
    ("told", "line"),
    [
        (
            progress("fetching", target=200, rejected=30, failed=12),
            "fetching: 120 of 200, 400 of 700 candidates, 30 rejected, 12 failed, 1.2 MB",
        ),
        (progress("searching", target=200), "fetching: 120 of 200, 400 of 700 candidates, 1.2 MB, searching"),
        (progress("searching", target=50), "fetching: 50 of 50, 400 of 700 candidates, 1.2 MB, searching"),
        (progress("fetching", failed=1), "fetching: 400 of 700, 120 kept, 1 failed, 1.2 MB"),
        (progress("describing"), "describing"),
    ],
)
def test_the_engines_progress_in_words(told: Progress, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    with showing(Output(json=False, quiet=False), "reading") as on_progress:
        on_progress(told)
    assert capsys.readouterr().err == f"reading\n{line}\n"
