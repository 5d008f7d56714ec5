"""`remote watch ID`: follow a build to its end."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from builder.cli.exits import CODES, Exit, tell
from builder.cli.options import Output, output_options
from builder.cli.remote import shown
from builder.cli.remote.access import Access, access_options, client

if TYPE_CHECKING:
    from builder.cli.progress import Display
    from builder.remote.client import Client
    from builder.remote.events import Told
    from builder.remote.models import Dataset

HELP = f"""\
Follow the build of dataset ID to its end: the line may be cut, or the server started anew meanwhile.

With --json, standard output has one object per event on a line: event (state, progress, shard, label or warning), id,
and what happened.

{CODES}"""


@click.command(help=HELP, short_help="Follow a build to its end.")
@shown.ID
@access_options
@output_options
def watch(*, dataset: str, access: Access, output: Output) -> Exit:
    """The command itself; its help is `HELP`."""
    api = client(access, output)
    if output.json and not output.quiet:
        for event in api.watch(dataset):
            told = {"event": event.kind, "id": event.id, **event.told.model_dump(mode="json")}
            click.echo(json.dumps(told))
        return shown.outcome(api.dataset(dataset))
    found = follow(api, dataset, output)
    if not output.quiet:
        shown.show(found)
    return shown.outcome(found)


def follow(api: "Client", dataset: str, output: Output) -> "Dataset":
    """Watch to the end, on a display; returns the dataset as it is then."""
    from builder.remote.events import WarningEvent

    warnings: dict[str, None] = {}
    with _display(output) as screen:
        stage = ""
        for event in api.watch(dataset):
            if isinstance(event.told, WarningEvent):
                warnings[f"{event.told.label}: {event.told.message}"] = None
            if screen is not None:
                stage = _draw(screen, stage, event.told)
    if not (output.json or output.quiet):
        for warning in warnings:
            tell(f"Warning: {warning}", err=True)
    return api.dataset(dataset)


def _draw(screen: "Display", stage: str, told: "Told") -> str:
    """Show an event; returns the stage that the build is in."""
    from builder.remote.events import ProgressEvent, StateEvent

    if isinstance(told, StateEvent):
        stage = "done" if told.final else told.stage or told.state
        screen.show(stage, 0, None, "")
    elif isinstance(told, ProgressEvent) and stage == "collecting":
        screen.show(stage, *shown.counted(told.labels))
    return stage


@contextmanager
def _display(output: Output) -> "Iterator[Display | None]":
    from builder.cli.progress import display

    if output.json or output.quiet:
        yield None
        return
    screen = display()
    try:
        yield screen
    finally:
        screen.close()
