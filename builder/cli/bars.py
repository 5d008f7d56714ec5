"""Progress bars on a terminal, one per stage, drawn by rich."""

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress_bar import ProgressBar
from rich.table import Column
from rich.text import Text

DRAWS_PER_SECOND = 4
"""More would cost the build what nobody sees."""
ROOMY_WIDTH = 120
"""Columns of a terminal in which there is room for a long bar beside the figures and what more is told."""


class Count(ProgressColumn):
    """How many things are done, of how many; nothing for stages that count none."""

    def render(self, task: Task) -> Text:
        """See `ProgressColumn.render`."""
        if task.total is None:
            return Text(f"{task.completed:,.0f}" if task.completed else "")
        return Text(f"{task.completed:,.0f}/{task.total:,.0f}", style="progress.download")


class Bar(BarColumn):
    """A bar that stands still, full, once a stage that counts nothing has ended."""

    def render(self, task: Task) -> ProgressBar:
        """See `ProgressColumn.render`."""
        bar = super().render(task)
        if task.total is None and task.stop_time is not None:
            bar.total, bar.completed, bar.pulse = 1, 1, False
        return bar


class Rate(ProgressColumn):
    """Things per second: lately, or over the whole stage once it has ended."""

    def render(self, task: Task) -> Text:
        """See `ProgressColumn.render`."""
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:,.1f}/s", style="progress.data.speed")


class Bars:
    """A `builder.cli.progress.Display` of bars."""

    def __init__(self, console: Console | None = None) -> None:
        console = console or Console(stderr=True)
        self._progress = Progress(
            TextColumn("[bold]{task.description:<13}"),
            Bar(bar_width=24 if console.width >= ROOMY_WIDTH else 8),
            Count(),
            Rate(),
            TimeElapsedColumn(),
            TimeRemainingColumn(compact=True),
            # What does not fit is cut off here, and nowhere else: figures that lack their ends mislead.
            TextColumn("[dim]{task.fields[note]}", table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis")),
            console=console,
            expand=True,
            refresh_per_second=DRAWS_PER_SECOND,
        )
        self._stage = ""
        self._task: TaskID | None = None
        self._progress.start()

    def show(self, stage: str, done: int, total: int | None, note: str) -> None:
        """See `builder.cli.progress.Display.show`."""
        if stage != self._stage:
            self._end_stage()
            self._stage = stage
            if stage == "done":
                return
            self._task = self._progress.add_task(stage, completed=done, total=total, note=note)
        elif self._task is not None:
            if self._progress.tasks[-1].total is None and total is not None:
                # Counting begins only now: what an earlier run has done is no work of this one, to its rate.
                self._progress.remove_task(self._task)
                self._task = self._progress.add_task(stage, completed=done, total=total, note=note)
            self._progress.update(self._task, completed=done, total=total, note=note)

    def _end_stage(self) -> None:
        if self._task is not None:
            self._progress.stop_task(self._task)
            self._task = None

    def close(self) -> None:
        """See `builder.cli.progress.Display.close`."""
        self._end_stage()
        self._progress.stop()
