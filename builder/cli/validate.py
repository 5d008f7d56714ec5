"""`validate DIR`: a verdict on every image of a folder."""

import csv
import json
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from builder.cli.exits import CODES, Exit, InputError, tell
from builder.cli.options import (
    FOLDER,
    NO_CHECKS,
    ImageChoices,
    Output,
    checks_options,
    image_spec,
    output_options,
    processes_option,
)

if TYPE_CHECKING:
    from builder.check_folder import Checked

HELP = f"""\
Check every image file below DIR, and say of each that is rejected why. The files stay as they are.

If DIR is a dataset that `build`, `from-urls` or `rebuild` made, each stored image is compared with the hash in its
manifest instead; exit code 3 says that some are missing or changed.

\b
Examples:
  python -m builder validate photos
  python -m builder validate photos --tier strict --csv verdicts.csv --fail
  python -m builder validate photos --json | jq -r 'select(.reason == "blurry") | .path'

With --json, standard output has one object per image, in order of path: path, verdict (accepted or rejected), reason,
detail, measured (what the check measured), format, width, height, size_bytes, sha256, phash, dhash; null where there
is nothing. --csv FILE writes the same as a table.

{CODES}"""

COLUMNS = (
    "path",
    "verdict",
    "reason",
    "detail",
    "measured",
    "format",
    "width",
    "height",
    "size_bytes",
    "sha256",
    "phash",
    "dhash",
)

_WORDS = {"unreadable": "not readable", "missing": "missing", "changed": "not what the manifest says"}


@click.command(help=HELP, short_help="Check every image of a folder, or of a dataset.")
@click.argument("folder", type=FOLDER, metavar="DIR")
@checks_options
@processes_option
@click.option(
    "--csv", "table", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write the verdicts there."
)
@click.option("--fail", is_flag=True, help="Exit code 3 when any image is rejected.")
@output_options
def validate(
    *, folder: Path, checks: ImageChoices, processes: int | None, table: Path | None, fail: bool, output: Output
) -> Exit:
    """The command itself; its help is `HELP`."""
    from builder.check_folder import check_dataset, check_files, is_dataset
    from builder.cli.progress import counting
    from builder.files import image_files

    built = is_dataset(folder)
    if built and checks != NO_CHECKS:
        msg = (
            f"{folder} is a dataset: its images are compared with its manifest, and not checked again. "
            "Leave out --tier and all that is about checks"
        )
        raise InputError(msg)
    found = (
        check_dataset(folder)
        if built
        else check_files(folder, image_spec(checks), processes or os.process_cpu_count() or 1)
    )
    reasons: Counter[str] = Counter()
    total = 0
    with ExitStack() as stack:
        count = None if built else lambda: sum(1 for _ in image_files(folder))
        put = stack.enter_context(counting(output, "validating", count))
        for checked in _written(found, table, stack):
            total += 1
            reasons[checked.reason or ""] += 1
            put(total)
            if output.quiet:
                continue
            if output.json:
                click.echo(json.dumps(record(checked)))
            elif checked.verdict == "rejected":
                tell(f"{checked.path}: {checked.reason}" + (f" ({checked.detail})" if checked.detail else ""))
    accepted = reasons.pop("", 0)
    if not output.json and not output.quiet:
        _summarise(folder, total, accepted, reasons)
    if not total:
        return Exit.NOTHING
    return Exit.INCOMPLETE if reasons and (built or fail) else Exit.DONE


def record(checked: "Checked") -> dict[str, object]:
    """The image as `--json` tells it."""
    told = asdict(checked)
    return {column: told[column] for column in COLUMNS}


def _written(found: "Iterator[Checked]", table: Path | None, stack: ExitStack) -> "Iterator[Checked]":
    """The same images, each written into the table on its way."""
    if table is None:
        yield from found
        return
    file = stack.enter_context(table.open("w", newline="", encoding="utf-8", errors="surrogateescape"))
    writer = csv.DictWriter(file, COLUMNS)
    writer.writeheader()
    for checked in found:
        writer.writerow(record(checked))
        yield checked


def _summarise(folder: Path, total: int, accepted: int, reasons: Counter[str]) -> None:
    from builder.report import in_words

    if not total:
        click.echo(f"No image file in {folder}.")
        return
    click.echo(f"\n{total:,} images: {accepted:,} accepted, {total - accepted:,} rejected")
    for reason, count in reasons.most_common():
        click.echo(f"{count:>9,}  {_WORDS.get(reason) or in_words(reason)}")
