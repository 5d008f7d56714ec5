"""The report at the end of a build: for people as a table by label, for machines as one JSON object."""

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import click

from builder.cli.exits import Exit
from builder.cli.options import Output
from builder.report import LabelReport, Report, in_words

if TYPE_CHECKING:
    from rich.table import Table

OUTCOMES = {Exit.DONE: "done", Exit.INCOMPLETE: "incomplete", Exit.NOTHING: "nothing found"}
LABELS_EXPLAINED = 5
REASONS_TOLD = 8
PLAIN_WIDTH = 120
"""Characters, where there is no terminal to say."""


def show_report(report: Report, out: Path, ended: Exit, output: Output) -> None:
    """Print the report on standard output: all of `report.json` after `outcome` and `out` with `--json`, nothing with
    `--quiet`."""
    if output.quiet:
        return
    if output.json:
        told = {"outcome": OUTCOMES[ended], "out": str(out), **report.model_dump(mode="json")}
        click.echo(json.dumps(told))
        return
    print_table(table(report))
    for line in closing_lines(report, out):
        click.echo(line)


def print_table(drawn: "Table") -> None:
    """The table on standard output, without blanks at the ends of its lines."""
    from rich.console import Console

    console = Console(highlight=False, width=None if sys.stdout.isatty() else PLAIN_WIDTH)
    with console.capture() as captured:
        console.print(drawn)
    click.echo("\n".join(line.rstrip() for line in captured.get().splitlines()) + "\n")


class Counted(Protocol):
    """What became of candidates; `reasons` counts those that were not kept."""

    @property
    def found(self) -> int: ...  # noqa: D102
    @property
    def accepted(self) -> int: ...  # noqa: D102
    @property
    def duplicates(self) -> int: ...  # noqa: D102
    @property
    def surplus(self) -> int: ...  # noqa: D102
    @property
    def rejected(self) -> int: ...  # noqa: D102
    @property
    def failed(self) -> int: ...  # noqa: D102
    @property
    def reasons(self) -> Mapping[str, int]: ...  # noqa: D102


def table(report: Report) -> "Table":
    """A line per label, and one for all where there are several."""
    drawn = table_of((label.label, label, label.target) for label in report.labels)
    if len(report.labels) > 1:
        drawn.add_section()
        drawn.add_row(*_cells("all", report.totals, report.target))
    return drawn


def table_of(rows: Iterable[tuple[str, Counted, int]]) -> "Table":
    """A line for each name with what was counted and how many were asked for."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    drawn = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    drawn.add_column("label", overflow="fold")
    for column in ("found", "kept", "of", "duplicates", "surplus", "rejected", "failed"):
        drawn.add_column(column, justify="right")
    drawn.add_column("not kept, because", overflow="fold")
    for name, figures, target in rows:
        drawn.add_row(*_cells(name, figures, target))
    return drawn


def _cells(name: str, figures: Counted, target: int) -> list[str]:
    from rich.markup import escape

    counts = (
        figures.found,
        figures.accepted,
        target,
        figures.duplicates,
        figures.surplus,
        figures.rejected,
        figures.failed,
    )
    return [escape(name), *(f"{count:,}" for count in counts), because(figures)]


def because(figures: Counted) -> str:
    """Why candidates were not kept, the commonest reasons first."""
    reasons = sorted(figures.reasons.items(), key=lambda reason: -reason[1])
    parts = [f"{count:,} {in_words(reason)}" for reason, count in reasons[:REASONS_TOLD]]
    rest = sum(count for _, count in reasons[REASONS_TOLD:])
    return ", ".join([*parts, f"{rest:,} for other reasons"] if rest else parts)


def closing_lines(report: Report, out: Path) -> list[str]:
    """What is missing and why, where the files are, how to go on."""
    short = [label for label in report.labels if label.shortfall]
    lines = [_short(label) for label in short[:LABELS_EXPLAINED]]
    if len(short) > LABELS_EXPLAINED:
        lines.append(f"And {len(short) - LABELS_EXPLAINED:,} more labels; {out / 'report.json'} explains each.")
    if not report.totals.accepted:
        return [*lines, f"Nothing to keep was found; {out / 'manifest.jsonl'} says what became of each candidate."]
    splits = ", ".join(f"{name} {report.splits[name]:,}" for name in ("train", "val", "test") if name in report.splits)
    images = f"{report.totals.accepted:,} images, {report.totals.bytes / 1e6:,.1f} MB"
    lines.append(f"{out}: {images}" + (f" ({splits})" if splits else ""))
    lines.append("  manifest.jsonl has a row for every candidate; README.md says how to load the images")
    exports = sorted(path.name for path in (out / "exports").glob("*") if path.is_dir())
    if exports:
        lines.append(f"  exports/: {', '.join(exports)}")
    else:
        lines.append(f"  for training: python -m builder export {out} --format parquet  (or another layout)")
    return lines


def _short(label: LabelReport) -> str:
    why = " ".join(label.shortfall_reasons)
    return f"{label.label}: {label.shortfall:,} of {label.target:,} images are missing. {why}".rstrip()
