"""What is shown of remote datasets: how far one is, how it ended."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from builder.cli.exits import Exit, tell

if TYPE_CHECKING:
    from builder.remote.models import Dataset, LabelProgress

ID = click.argument("dataset", metavar="ID")


def outcome(dataset: "Dataset") -> Exit:
    """The exit code for a dataset in a final state."""
    if dataset.state in {"failed", "cancelled", "deleting"}:
        return Exit.FAILED
    if not sum(label.accepted for label in dataset.progress.labels):
        return Exit.NOTHING
    return Exit.DONE if dataset.state == "ready" else Exit.INCOMPLETE


def counted(labels: Iterable["LabelProgress"]) -> tuple[int, int, str]:
    """How many images there are, how many there should be, and the other counts in words.

    Before duplicates are taken out a label may have more than it should.
    """
    labels = tuple(labels)
    done = sum(min(label.accepted, label.target) for label in labels)
    counts = ((sum(label.found for label in labels), "found"), (sum(label.rejected for label in labels), "rejected"),
              (sum(label.failed for label in labels), "failed"))  # fmt: skip
    return done, sum(label.target for label in labels), ", ".join(f"{n:,} {word}" for n, word in counts if n)


def show(dataset: "Dataset") -> None:
    """The dataset for people: a table of its labels, and why there is not more."""
    from builder.cli.summary import print_counts

    print_counts([(label.label, label, label.target) for label in dataset.progress.labels])
    failures = {(one.source, one.error.message): one.label for one in dataset.progress.sources if one.error is not None}
    for (source, message), label in failures.items():
        tell(f"{source}, for {label}: {message}")
    tell(line(dataset))


def line(dataset: "Dataset") -> str:
    """The dataset in a line."""
    when = f"{dataset.created:%Y-%m-%d %H:%M}  " if dataset.created else ""
    state = f"{dataset.state} ({dataset.stage})" if dataset.stage else dataset.state
    return f"{dataset.id}  {when}{state}  {dataset.name}" + (f": {dataset.error}" if dataset.error else "")
