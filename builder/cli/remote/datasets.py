"""`remote list`, `show`, `cancel` and `delete`: the datasets that a server has."""

from typing import TYPE_CHECKING, cast

import click

from builder.cli.exits import CODES, Exit, tell
from builder.cli.options import Output, output_options
from builder.cli.remote import shown
from builder.cli.remote.access import Access, access_options, client

if TYPE_CHECKING:
    from builder.remote.models import Dataset, State

STATES = ("queued", "building", "ready", "incomplete", "failed", "cancelled")


@click.command("list", help=f"List datasets, newest first; with --json one object per line.\n\n{CODES}")
@click.option("--state", type=click.Choice(STATES), help="Only these.")
@access_options
@output_options
def list_datasets(*, state: str | None, access: Access, output: Output) -> Exit:
    """The command itself."""
    for dataset in client(access, output).list(state=cast("State | None", state)):
        _tell(dataset, output)
    return Exit.DONE


@click.command(help=f"Show dataset ID and how far it is.\n\n{CODES}")
@shown.ID
@access_options
@output_options
def show(*, dataset: str, access: Access, output: Output) -> Exit:
    """The command itself."""
    found = client(access, output).dataset(dataset)
    if output.json or output.quiet:
        _tell(found, output)
    else:
        shown.show(found)
    return Exit.DONE


@click.command(help=f"Stop the build of dataset ID and keep what is there.\n\n{CODES}")
@shown.ID
@access_options
@output_options
def cancel(*, dataset: str, access: Access, output: Output) -> Exit:
    """The command itself."""
    _tell(client(access, output).cancel(dataset), output)
    return Exit.DONE


@click.command(help=f"Delete dataset ID with all that is kept of it. There is no way back.\n\n{CODES}")
@shown.ID
@access_options
@output_options
def delete(*, dataset: str, access: Access, output: Output) -> Exit:
    """The command itself."""
    client(access, output).delete(dataset)
    return Exit.DONE


def _tell(dataset: "Dataset", output: Output) -> None:
    if output.quiet:
        return
    if output.json:
        click.echo(dataset.model_dump_json())
    else:
        tell(shown.line(dataset))
