"""`build LABEL...`: search the web for each label, and make a dataset of what is found."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from builder.cli.exits import CODES, Exit, InputError, outcome
from builder.cli.fetching import FetchChoices, fetch_options, run_options
from builder.cli.options import (
    DedupeChoices,
    FormChoices,
    ImageChoices,
    Output,
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
    from builder.spec import DatasetSpec

SOURCES = ("duckduckgo", "bing", "sample")

HELP = f"""\
Search the web for every LABEL and make one dataset of what is found.

\b
Examples:
  python -m builder build "red panda" "snow leopard" --images 200 --out pandas
  python -m builder build cat dog --query "cat=tabby cat photo" --query "dog=puppy" --out pets
  python -m builder build tulip --format jpeg --size 256 --resize crop --export webdataset --out tulips

DIR gets the images in shards/, a row per candidate with what became of it in manifest.jsonl, and README.md,
report.json, index.parquet, croissant.json, attribution.csv and exports/. Searching and fetching go on in rounds until
each label has its images, or its sources have no more.

{CODES}"""


@click.command(help=HELP, short_help="Search the web for labels and make a dataset.")
@click.argument("labels", nargs=-1, required=True, metavar="LABEL...")
@click.option("--images", type=int, metavar="N", help="For each label.  [default: 100]")
@out_option
@click.option(
    "--source",
    "sources",
    type=click.Choice(SOURCES),
    multiple=True,
    help="Where to search.  [default: duckduckgo, bing]",
)
@click.option(
    "--query",
    "queries",
    multiple=True,
    metavar="LABEL=TEXT",
    help="Search for this instead of the label; may be repeated.",
)
@name_option
@form_options
@checks_options
@dedupe_options
@splits_option
@export_option
@fetch_options
@click.option("--sample-url", metavar="URL", help="Of the gallery that the source `sample` asks.")
@output_options
def build(
    *,
    labels: tuple[str, ...],
    images: int | None,
    out: Path,
    sources: tuple[str, ...],
    queries: tuple[str, ...],
    name: str | None,
    form: FormChoices,
    checks: ImageChoices,
    same: DedupeChoices,
    splits: str | None,
    exports: tuple[str, ...],
    fetch: FetchChoices,
    sample_url: str | None,
    output: Output,
) -> Exit:
    """The command itself; its help is `HELP`."""
    warm_up()
    from builder.cli.progress import showing
    from builder.cli.summary import show_report

    spec = spec_of(
        labels, queries, images=images, sources=sources, name=name, form=form, checks=checks, same=same,
        splits=splits, exports=exports,
    )  # fmt: skip
    if "sample" in spec.sources and not sample_url:
        msg = "--source sample: say where its gallery is with --sample-url, such as http://127.0.0.1:10100 (make up)"
        raise InputError(msg)
    options = run_options(fetch, checks.max_bytes, sample_url=sample_url)
    from builder import run

    with showing(output, "fetching") as on_progress:
        report = run.build(spec, out, options, on_progress=on_progress)
    ended = outcome(report)
    show_report(report, out, ended, output)
    return ended


def spec_of(
    labels: tuple[str, ...],
    queries: tuple[str, ...],
    *,
    images: int | None,
    sources: tuple[str, ...],
    name: str | None,
    form: FormChoices,
    checks: ImageChoices,
    same: DedupeChoices,
    splits: str | None,
    exports: tuple[str, ...],
) -> "DatasetSpec":
    """The request that the options make; `InputError` when they make none."""
    from builder.spec import DatasetSpec

    told = {
        "name": name or ", ".join(labels)[:200],
        "labels": [
            {"name": label, "queries": of_label} for label, of_label in queries_by_label(labels, queries).items()
        ],
        "images_per_label": images,
        "sources": tuple(dict.fromkeys(sources)) or None,
        "image": image_spec(checks, form),
        "dedupe": dedupe_spec(same),
        "splits": split_spec(splits),
        "exports": layouts(exports),
    }
    return spoken(DatasetSpec, {field: value for field, value in told.items() if value is not None})


def queries_by_label(labels: tuple[str, ...], queries: tuple[str, ...]) -> dict[str, list[str]]:
    """The queries of each label: `LABEL=TEXT` is for that label; with a single label, its name may be left out.

    Raises `InputError` for a query that belongs to no label.
    """
    found: dict[str, list[str]] = {label: [] for label in labels}
    for query in queries:
        label, equals, text = query.partition("=")
        if equals and label in found:
            found[label].append(text)
        elif len(labels) == 1:
            found[labels[0]].append(query)
        else:
            msg = f"--query {query!r} names none of the labels: write LABEL=TEXT, such as {labels[0]}={labels[0]} photo"
            raise InputError(msg)
    return found
