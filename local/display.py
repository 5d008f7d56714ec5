"""What a person sees of a build: bars while it runs, a table when it is over."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from builder.remote.models import FINAL, Dataset, LabelProgress
from local.outcome import top

COUNTS = ("target", "found", "fetched", "accepted", "rejected", "failed", "duplicates", "surplus")


class Bars:
    """One progress bar per label; where nobody watches (no terminal), a line per stage instead."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._stage: str | None = None
        self._tasks: dict[str, TaskID] = {}
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TextColumn("[dim]{task.fields[counts]}"),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._progress.stop()

    def show(self, dataset: Dataset) -> None:
        """Bring the bars up to date."""
        stage = dataset.stage or dataset.state
        if stage != self._stage and dataset.state not in FINAL:
            self._stage = stage
            self._progress.console.print(f"[dim]{escape(stage)}...")
        for label in dataset.progress.labels:
            if label.label not in self._tasks:
                task = self._progress.add_task(escape(label.label), total=label.target, counts="")
                self._tasks[label.label] = task
            # Before duplicates are taken out, more may be accepted than were asked for.
            done = min(label.accepted, label.target)
            self._progress.update(self._tasks[label.label], completed=done, counts=counts(label))


def counts(label: LabelProgress) -> str:
    """The counts beside a bar."""
    return f"{label.found} found, {label.fetched} fetched, {label.rejected + label.failed} lost"


def table(dataset: Dataset, seconds: float, where: str | None) -> Table:
    """Per label what was found and what became of it; the caption says how long it took and where it is."""
    caption = f"{dataset.state} after {seconds:.1f} s" + (f"; it is in {where}" if where else "")
    shown = Table(title=escape(dataset.name), caption=escape(caption), title_justify="left", caption_justify="left")
    shown.add_column("label")
    for name in COUNTS:
        shown.add_column("wanted" if name == "target" else name, justify="right")
    shown.add_column("why the others are not in it", max_width=60)
    for label in dataset.progress.labels:
        numbers = (str(getattr(label, name)) for name in COUNTS)
        shown.add_row(escape(label.label), *numbers, escape(top(label.reasons, len(label.reasons))))
    return shown
