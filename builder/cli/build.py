"""`build LABEL...`: search the web for each label, and make a dataset of what is found."""

from pathlib import Path

import click

from builder.cli.asked import Asked, asked_options
from builder.cli.exits import CODES, Exit, InputError, outcome
from builder.cli.fetching import FetchChoices, fetch_options, run_options
from builder.cli.options import Output, out_option, output_options
from builder.forks import warm_up

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
@asked_options
@out_option
@fetch_options
@click.option("--sample-url", metavar="URL", help="Of the gallery that the source `sample` asks.")
@output_options
def build(*, asked: Asked, out: Path, fetch: FetchChoices, sample_url: str | None, output: Output) -> Exit:
    """The command itself; its help is `HELP`."""
    warm_up()
    from builder.cli.progress import showing
    from builder.cli.summary import show_report

    spec = asked.spec()
    if "sample" in spec.sources and not sample_url:
        msg = "--source sample: say where its gallery is with --sample-url, such as http://127.0.0.1:10100 (make up)"
        raise InputError(msg)
    options = run_options(fetch, asked.checks.max_bytes, sample_url=sample_url)
    from builder import run

    with showing(output, "fetching") as on_progress:
        report = run.build(spec, out, options, on_progress=on_progress)
    ended = outcome(report)
    show_report(report, out, ended, output)
    return ended
