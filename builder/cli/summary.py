"""The report at the end of a build: for people as a table by label, for machines as one JSON object."""

import json
import sys
from collections.abc import Mapping, Sequence
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
ROOMY_WIDTH = 100
"""Characters in which reasons have room beside the figures; in fewer they come in lines of their own."""


def show_report(report: Report, out: Path, ended: Exit, output: Output) -> None:
    """Print the report on standard output: all of `report.json` after `outcome` and `out` with `--json`, nothing with
    `--quiet`."""
    if output.quiet:
        return
    if output.json:
        told = {"outcome": OUTCOMES[ended], "out": str(out), **report.model_dump(mode="json")}
        click.echo(json.dumps(told))
        return
    print_counts(rows_of(report), summed=len(report.labels) > 1)
    for line in closing_lines(report, out):
        click.echo(line)


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


Row = tuple[str, Counted, int]
"""A name, what was counted under it, and how many images were asked for."""


def rows_of(report: Report) -> list[Row]:
    """A row per label, and one for all where there are several."""
    rows: list[Row] = [(label.label, label, label.target) for label in report.labels]
    return [*rows, ("all", report.totals, report.target)] if len(rows) > 1 else rows


def print_counts(rows: Sequence[Row], *, summed: bool = False) -> None:
    """A table of the rows on standard output; with `summed` the last is set off from the others."""
    from rich.console import Console

    console = Console(highlight=False, width=None if sys.stdout.isatty() else PLAIN_WIDTH)
    roomy = console.width >= ROOMY_WIDTH
    with console.capture() as captured:
        console.print(_table(rows, summed=summed, reasons=roomy))
    lines = [line.rstrip() for line in captured.get().splitlines()]
    if not roomy:
        lines += ["", *(f"{name}, not kept: {because(figures)}" for name, figures, _ in rows if figures.reasons)]
    click.echo("\n".join(lines) + "\n")


def _table(rows: Sequence[Row], *, summed: bool, reasons: bool) -> "Table":
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    drawn = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    drawn.add_column("label", overflow="fold")
    for column in ("found", "kept", "of", "duplicates", "surplus", "rejected", "failed"):
        drawn.add_column(column, justify="right")
    if reasons:
        drawn.add_column("not kept, because", overflow="fold")
    for place, (name, figures, target) in enumerate(rows):
        if summed and place == len(rows) - 1:
            drawn.add_section()
        drawn.add_row(*_cells(name, figures, target), *([because(figures)] if reasons else []))
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
    return [escape(name), *(f"{count:,}" for count in counts)]


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
