"""`from-urls FILE`: make a dataset of a list of image URLs."""

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from builder.cli.exits import CODES, Exit, InputError
from builder.cli.fetching import FetchChoices, fetch_options, run_options
from builder.cli.options import (
    FILE,
    DedupeChoices,
    FormChoices,
    ImageChoices,
    Output,
    check_file,
    checks_options,
    dedupe_options,
    dedupe_spec,
    export_option,
    form_options,
    image_spec,
    layouts,
    name_option,
    out_option,
    output_options,
    split_spec,
    splits_option,
    spoken,
)
from builder.forks import warm_up

if TYPE_CHECKING:
    from builder.urls import UrlRow

FIELDS = ("url", "label", "title", "licence", "page_url")

HELP = f"""\
Fetch the images that FILE lists, and make one dataset of them.

FILE is text with a URL per line, or .csv, .tsv, .jsonl (an object per line), each also with .gz after it, or .parquet.
Columns are found by name, in any case: url (image_url), label, caption (title, text), licence (license), page_url.
Others are passed over. --column says it where they are called otherwise.

\b
Examples:
  python -m builder from-urls urls.txt --label tulip --out tulips
  python -m builder from-urls laion.parquet --format jpeg --size 256 --export webdataset --out laion
  python -m builder from-urls list.csv --column url=link --column label=class --out mine

Exit code 0 says that every line was tried and at least one image kept; what became of each is in DIR/manifest.jsonl.

{CODES}"""


@click.command("from-urls", help=HELP, short_help="Make a dataset of a list of image URLs.")
@click.argument("file", type=FILE, metavar="FILE")
@out_option
@click.option("--label", metavar="TEXT", help="Of images whose row names none.  [default: FILE's name]")
@click.option(
    "--column", "columns", multiple=True, metavar="FIELD=NAME", help=f"Column for a field ({', '.join(FIELDS)})."
)
@name_option
@form_options
@checks_options
@dedupe_options
@splits_option
@export_option
@fetch_options
@output_options
def from_urls(
    *,
    file: Path,
    out: Path,
    label: str | None,
    columns: tuple[str, ...],
    name: str | None,
    form: FormChoices,
    checks: ImageChoices,
    same: DedupeChoices,
    splits: str | None,
    exports: tuple[str, ...],
    fetch: FetchChoices,
    output: Output,
) -> Exit:
    """The command itself; its help is `HELP`."""
    warm_up()
    from builder.cli.progress import showing
    from builder.cli.summary import show_report
    from builder.list_files import columns_named, read_list
    from builder.sources import checked_list

    check_file(file)
    of_all = named_here(label or stem(file), "--label")
    name = named_here(name or stem(file), "--name")
    told = fields_named(columns)
    named = columns_named(told)
    image, dedupe, shares = image_spec(checks, form), dedupe_spec(same), split_spec(splits)
    options = run_options(fetch, checks.max_bytes)
    rows = partial(read_list, file, named)
    empty = set(told)
    if not checked_list(filled(rows(), empty), of_all):  # so that a bad line is told before anything is fetched
        msg = f"{file} has no URL in it"
        raise InputError(msg)
    for field in sorted(empty):
        msg = f"--column {field}={told[field]}: no row of {file} has anything there"
        raise InputError(msg)
    from builder import run

    with showing(output, "fetching") as on_progress:
        report = run.from_urls(
            name,
            rows,
            out,
            options,
            image=image,
            dedupe=dedupe,
            splits=shares,
            exports=layouts(exports),
            label=of_all,
            on_progress=on_progress,
        )
    ended = Exit.DONE if report.totals.accepted else Exit.NOTHING
    show_report(report, out, ended, output)
    return ended


def filled(rows: "Iterable[UrlRow]", empty: set[str]) -> "Iterator[UrlRow]":
    """The same rows; fields that any of them has are taken out of `empty`."""
    for row in rows:
        if empty:
            empty -= {field for field in empty if getattr(row, field) is not None}
        yield row


def named_here(text: str, option: str) -> str:
    """The name of a label or dataset as it will be; `InputError` naming the option for what cannot be one."""
    from builder.spec import LabelSpec

    try:
        return spoken(LabelSpec, {"name": text}).name
    except InputError as error:
        msg = f"{option} {text[:100]!r}: {str(error).partition(': ')[2]}"
        raise InputError(msg) from None


def stem(file: Path) -> str:
    """The file's name without its endings: `mine` of `mine.csv.gz`."""
    return file.name.split(".", maxsplit=1)[0] or file.name.strip(".") or "images"


def fields_named(columns: tuple[str, ...]) -> dict[str, str]:
    """`FIELD=NAME` options by field; `InputError` for what is none."""
    found: dict[str, str] = {}
    for column in columns:
        field, equals, name = column.partition("=")
        if not equals or not name.strip() or field not in FIELDS:
            msg = f"--column {column!r}: write FIELD=NAME, where FIELD is one of {', '.join(FIELDS)}"
            raise InputError(msg)
        found[field] = name
    return found
