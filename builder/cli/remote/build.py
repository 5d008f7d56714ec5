"""`remote build LABEL...`: have a server make a dataset, watch it, download it."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from builder.cli.asked import Asked, asked_options
from builder.cli.exits import CODES, Exit, InputError, say
from builder.cli.options import NEW_FOLDER, Output, output_options
from builder.cli.remote import shown
from builder.cli.remote.access import Access, access_options, client
from builder.cli.remote.download import fetch
from builder.cli.remote.watch import follow

if TYPE_CHECKING:
    from builder.remote.client import Client
    from builder.remote.models import Dataset, Estimate
    from builder.spec import DatasetSpec

HELP = f"""\
Have the server at --api search the web for every LABEL and make one dataset of what is found; watch it to its end, and
download its exports into DIR.

\b
Examples:
  python -m builder remote build "red panda" "snow leopard" --images 200 --out pandas
  python -m builder remote build tulip --dry-run
  python -m builder remote build tulip --export parquet --max-cost 0.5 --no-wait

The build goes on without this command. With --out, the same command again goes on where this one stopped, and has
nothing built twice.

{CODES}"""


@click.command(help=HELP, short_help="Have a server make a dataset, watch it, download it.")
@asked_options
@click.option("--out", type=NEW_FOLDER, metavar="DIR", help="Where the exports go; without it nothing is downloaded.")
@click.option("--max-cost", type=float, metavar="SUM", help="Collecting stops before the build would cost more.")
@click.option("--dry-run", is_flag=True, help="Only tell what the build would give and cost.")
@click.option("--no-wait", is_flag=True, help="Do not watch: tell the dataset's id and end.")
@access_options
@output_options
def build(
    *,
    asked: Asked,
    out: Path | None,
    max_cost: float | None,
    dry_run: bool,
    no_wait: bool,
    access: Access,
    output: Output,
) -> Exit:
    """The command itself; its help is `HELP`."""
    if out and (no_wait or dry_run):
        msg = f"--out has nothing to fill with {'--no-wait' if no_wait else '--dry-run'}: leave one of them out"
        raise InputError(msg)
    spec = asked.spec(("imagefolder",))
    api = client(access, output)
    if dry_run:
        _tell_estimate(api.estimate(spec, max_cost=max_cost), output)
        return Exit.DONE
    dataset = _begin(api, spec, max_cost, out)
    if no_wait:
        if not output.quiet:
            click.echo(json.dumps({"id": dataset}) if output.json else dataset)
        return Exit.DONE
    try:
        if not (output.json or output.quiet):
            say(f"dataset {dataset}")
        return _finish(api, dataset, out, output)
    except KeyboardInterrupt:
        again = "the same command again" if out else f"python -m builder remote watch {dataset}"
        say(f"Interrupted. The server goes on: {again} follows it, python -m builder remote cancel {dataset} stops it.")
        return Exit.INTERRUPTED


def _begin(api: "Client", spec: "DatasetSpec", max_cost: float | None, out: Path | None) -> str:
    """Have it built, unless that was done; returns the dataset's id."""
    if out is None:
        return api.create(spec, max_cost=max_cost).id
    from builder.cli.remote.errand import errand

    kept = errand(out, api.base, spec, max_cost)
    if kept.dataset is not None:
        return kept.dataset
    dataset = api.create(spec, max_cost=max_cost, once=kept.once).id
    kept.model_copy(update={"dataset": dataset}).keep(out)
    return dataset


def _finish(api: "Client", dataset: str, out: Path | None, output: Output) -> Exit:
    found = follow(api, dataset, output)
    ended = shown.outcome(found)
    silent = Output(json=False, quiet=True) if output.json else output
    fetched = out is not None and ended in {Exit.DONE, Exit.INCOMPLETE}
    paths = fetch(api, dataset, (), out, silent) if out is not None and fetched else []
    if not output.quiet:
        _tell(found, paths, output)
    return ended


def _tell(found: "Dataset", paths: list[Path], output: Output) -> None:
    if output.json:
        told = {"files": [str(path) for path in paths], **found.model_dump(mode="json")}
        click.echo(json.dumps(told))
        return
    shown.show(found)


def _tell_estimate(estimate: "Estimate", output: Output) -> None:
    if output.quiet:
        return
    if output.json:
        click.echo(estimate.model_dump_json())
        return
    click.echo(
        f"{estimate.images:,} images of {estimate.candidates:,} candidates in {estimate.shards:,} shards, "
        f"{estimate.stored_bytes / 1e6:,.1f} MB\n"
        f"about {estimate.cost.total:.4f} {estimate.cost.currency}; at least {estimate.least_cost:.4f}"
    )
    for assumption in estimate.assumptions:
        click.echo(f"- {assumption}")
