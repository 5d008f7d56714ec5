"""The group of commands, and what becomes of their errors."""

import os
import sys
import threading
import traceback

import click

from builder.cli import exits
from builder.cli.build import build
from builder.cli.dedupe import dedupe
from builder.cli.exits import Exit
from builder.cli.export import export
from builder.cli.from_urls import from_urls
from builder.cli.interrupts import interrupts
from builder.cli.rebuild import rebuild
from builder.cli.remote.main import remote
from builder.cli.validate import validate

HELP = f"""\
Image datasets on one machine: found or listed, fetched with manners, validated, deduplicated, split, exported.

\b
Examples:
  python -m builder build "red panda" "snow leopard" --images 200 --out pandas
  python -m builder from-urls urls.parquet --format jpeg --size 256 --export webdataset --out mine
  python -m builder validate photos --tier strict
  python -m builder dedupe photos --move-to copies
  python -m builder export pandas --format parquet --format coco
  python -m builder rebuild manifest.jsonl --out again
  python -m builder remote build tulip --api https://pixcrawler.example.org --out tulips

Results go to standard output, progress and errors to standard error. Every command can be stopped with Ctrl-C, or
killed, and goes on where it stopped when it is given again.

{exits.CODES_EXPLAINED}
`COMMAND --help` tells the options of a command.
"""


@click.group(help=HELP, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
def cli() -> None:
    """Commands are below; what they have in common is said in `HELP`."""


for command in (build, from_urls, validate, dedupe, export, rebuild, remote):
    cli.add_command(command)


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns its exit code, see `builder.cli.exits`. Errors are told on stderr, without a traceback
    where they are no fault of the program."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # names of files may be no text
    with interrupts() as interrupted:
        return _run(arguments, interrupted)


def _run(arguments: list[str] | None, interrupted: threading.Event) -> int:
    try:
        return int(cli.main(arguments, prog_name="python -m builder", standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        return Exit.USAGE
    except (KeyboardInterrupt, click.Abort):
        return _interrupted()
    except BrokenPipeError:  # whoever read our output has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.FAILED
    except Exception as error:  # noqa: BLE001 - the last stop: every error becomes words and a code
        if interrupted.is_set():  # modules made in C turn an interrupt while they are imported into an error of theirs
            return _interrupted()
        if not exits.foreseen(error):
            traceback.print_exc()
        exits.say(f"Error: {exits.words(error)}")
        return exits.exit_of(error)


def _interrupted() -> Exit:
    exits.say("Interrupted. What is done is kept: the same command again goes on from there.")
    return Exit.INTERRUPTED
