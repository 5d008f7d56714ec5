"""`export DIR`: write more layouts of a dataset that is there."""

import json
from pathlib import Path

import click

from builder.cli.exits import CODES, Exit
from builder.cli.options import EXPORTS, FOLDER, Output, layouts, output_options

HELP = f"""\
Write layouts of the dataset in DIR, into DIR/exports/FORMAT/.

\b
  imagefolder  train/, val/, test/ with a folder per label, in a zip
  webdataset   tar shards
  parquet      as the Hugging Face Hub has it: images and class labels
  coco, yolo   annotation files beside the images
  csv, jsonl   a table beside the images
  labels       the labels alone as txt, json, csv and yaml

\b
Examples:
  python -m builder export pandas --format parquet
  python -m builder export pandas --format coco --format yolo

With --json, standard output has one object per file: name (below DIR), bytes, sha256.

{CODES}"""


@click.command(help=HELP, short_help="Write a dataset in other layouts.")
@click.argument("folder", type=FOLDER, metavar="DIR")
@click.option("--format", "formats", type=click.Choice(EXPORTS), multiple=True, required=True, help="May be repeated.")
@output_options
def export(*, folder: Path, formats: tuple[str, ...], output: Output) -> Exit:
    """The command itself; its help is `HELP`."""
    from builder import run
    from builder.cli.progress import showing
    from builder.exports.write import export_folder

    with showing(output, "exporting") as on_progress:
        written = run.export(folder, layouts(formats), on_progress=on_progress)
    if not output.quiet:
        for layout, files in written.items():
            for file in files:
                name = export_folder(layout) + file.name
                told = {"name": name, "bytes": file.bytes, "sha256": file.sha256}
                click.echo(json.dumps(told) if output.json else f"{folder / name}  {file.bytes / 1e6:,.1f} MB")
    return Exit.DONE
