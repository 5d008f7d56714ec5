"""`dedupe DIR`: the copies in a folder of images, or a built dataset deduplicated by another rule."""

import json
import os
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from builder.cli.exits import CODES, Exit, InputError, outcome, tell
from builder.cli.options import (
    FOLDER,
    NEW_FOLDER,
    DedupeChoices,
    Output,
    dedupe_options,
    dedupe_spec,
    output_options,
    processes_option,
)

if TYPE_CHECKING:
    from builder.copies import Copies

HELP = f"""\
Find images that are copies of each other below DIR: the same bytes, or nearly the same picture. Of each picture the
best file stays (most pixels first). Without --delete or --move-to nothing is changed.

If DIR is a dataset that `build` or `from-urls` made, it is deduplicated, split, described and exported again by the
rule given here; nothing is fetched. What `rebuild` made is as its manifest says, without copies to decide about.

\b
Examples:
  python -m builder dedupe photos
  python -m builder dedupe photos --move-to copies
  python -m builder dedupe pandas --radius 4

With --json, standard output has one object per group: kept (the path that stays) and copies (path, reason, size_bytes,
and distance: bits of 64 in which the pHashes differ; more than --radius where dHash told, or a chain of copies).

{CODES}"""


@click.command(help=HELP, short_help="Find copies in a folder, or deduplicate a dataset again.")
@click.argument("folder", type=FOLDER, metavar="DIR")
@dedupe_options
@click.option("--delete", is_flag=True, help="Delete the copies.")
@click.option("--move-to", type=NEW_FOLDER, metavar="DIR2", help="Move the copies there, each to the same path.")
@processes_option
@output_options
def dedupe(
    *, folder: Path, same: DedupeChoices, delete: bool, move_to: Path | None, processes: int | None, output: Output
) -> Exit:
    """The command itself; its help is `HELP`."""
    from builder.check_folder import is_dataset
    from builder.cli.progress import counting, showing

    if delete and move_to:
        msg = "--delete or --move-to: one of them"
        raise InputError(msg)
    if move_to and move_to.resolve().is_relative_to(folder.resolve()):
        msg = f"--move-to {move_to}: the copies must leave {folder}, or they are found there again"
        raise InputError(msg)
    spec = dedupe_spec(same)
    if is_dataset(folder):
        if delete or move_to:
            msg = f"{folder} is a dataset: its copies are only left out of it, so leave out --delete and --move-to"
            raise InputError(msg)
        from builder import run
        from builder.cli.summary import show_report

        with showing(output, "deduplicating") as on_progress:
            report = run.finish(folder, dedupe=spec, on_progress=on_progress)
        show_report(report, folder, outcome(report), output)
        return outcome(report)
    from builder.copies import find_copies, put_away
    from builder.files import image_files

    with ExitStack() as stack:
        put = stack.enter_context(counting(output, "reading", lambda: sum(1 for _ in image_files(folder, links=False))))
        seen = 0

        def count(_: object) -> None:
            nonlocal seen
            seen += 1
            put(seen)

        copies = find_copies(folder, spec, processes or os.process_cpu_count() or 1, seen=count)
    if delete or move_to:
        for _ in put_away(folder, copies.groups, move_to):
            pass
    _tell(copies, output, "deleted" if delete else f"moved to {move_to}" if move_to else None)
    return Exit.DONE if copies.images else Exit.NOTHING


def _tell(copies: "Copies", output: Output, done: str | None) -> None:
    if output.quiet:
        return
    if output.json:
        for group in copies.groups:
            click.echo(json.dumps(asdict(group)))
        return
    for group in copies.groups:
        tell(group.kept)
        for copy in group.copies:
            how = (
                "same bytes"
                if copy.reason == "exact_duplicate"
                else f"alike, pHashes differ in {copy.distance} of 64 bits"
            )
            tell(f"    {copy.path} ({how})")
    for checked in copies.unusable:
        tell(f"not compared: {checked.path}: {checked.reason}", err=True)
    extra = [copy for group in copies.groups for copy in group.copies]
    freed = sum(copy.size_bytes for copy in extra) / 1e6
    click.echo(
        f"\n{copies.images:,} images, {len(copies.groups):,} pictures with copies, {len(extra):,} copies "
        f"({freed:,.1f} MB)" + (f", {done}" if done else "")
    )
