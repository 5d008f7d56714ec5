"""`remote download ID`: the files of a dataset's exports."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from builder.cli.exits import CODES, Exit, InputError, say, tell
from builder.cli.options import EXPORTS, Output, out_option, output_options
from builder.cli.remote import shown
from builder.cli.remote.access import Access, access_options, client

if TYPE_CHECKING:
    from builder.remote.client import Client

HELP = f"""\
Download the exports of dataset ID into DIR, each into a folder of its own: DIR/imagefolder/, DIR/parquet/, ...

Files stay as the server has them: an archive (imagefolder, coco, yolo, csv, ...) is a .zip that you unpack.

Every file is checked by its SHA-256. What was cut off is gone on with, also by the same command at another time; files
that are there already stay.

With --json, standard output has one object per file: path, bytes, sha256.

{CODES}"""
LARGE_BYTES = 100_000_000
"""From here on megabytes are counted."""


@click.command(help=HELP, short_help="Download a dataset's exports.")
@shown.ID
@click.option(
    "--format", "formats", type=click.Choice(EXPORTS), multiple=True, help="May be repeated.  [default: all there are]"
)
@out_option
@access_options
@output_options
def download(*, dataset: str, formats: tuple[str, ...], out: Path, access: Access, output: Output) -> Exit:
    """The command itself; its help is `HELP`."""
    api = client(access, output)
    there = {export.format for export in api.exports(dataset)}
    if missing := [name for name in formats if name not in there]:
        msg = f"--format {missing[0]}: there is no such export of {dataset}" + (
            f", but {', '.join(sorted(there))}" if there else ": it has none, or none yet"
        )
        raise InputError(msg)
    if not there:
        say(f"{dataset} has no export, or none yet; python -m builder remote show {dataset} tells how far it is")
        return Exit.NOTHING
    fetch(api, dataset, formats, out, output)
    return Exit.DONE


def fetch(api: "Client", dataset: str, formats: tuple[str, ...], out: Path, output: Output) -> list[Path]:
    """Download the exports, all without `formats`; returns the files, which are told unless nothing is to be said."""
    from builder.cli.progress import counting

    wanted = [
        (export.format, file)
        for export in api.exports(dataset)
        if not formats or export.format in formats
        for file in export.files
    ]
    paths = []
    whole = sum(file.bytes for _, file in wanted)
    unit, of = ("megabytes", 1_000_000) if whole >= LARGE_BYTES else ("kilobytes", 1_000)
    with counting(output, unit, lambda: whole // of) as count:
        before = 0

        def there(size: int) -> None:
            count((before + size) // of)

        for export, file in wanted:
            paths.append(api.download(dataset, export, file, out / export, progress=there))
            before += file.bytes
    for path, (_, file) in zip(paths, wanted, strict=True):
        if output.json and not output.quiet:
            click.echo(json.dumps({"path": str(path), "bytes": file.bytes, "sha256": file.sha256}))
        elif not output.quiet:
            tell(f"{path}  {file.bytes / 1e6:,.1f} MB")
    return paths
