"""The group of remote commands."""

import click

from builder.cli import exits
from builder.cli.remote.access import API_VARIABLE, KEY_VARIABLE
from builder.cli.remote.build import build
from builder.cli.remote.datasets import cancel, delete, list_datasets, show
from builder.cli.remote.download import download
from builder.cli.remote.watch import watch

HELP = f"""\
Datasets that a server makes: ask for them, watch them, download them.

\b
Examples:
  export {API_VARIABLE}=https://pixcrawler.example.org {KEY_VARIABLE}=pxc_...
  python -m builder remote build "red panda" "snow leopard" --images 200 --out pandas
  python -m builder remote list --state building
  python -m builder remote download ID --format parquet --out pandas

The key is read from {KEY_VARIABLE} or from a file (--key-file), never from an option's value.

{exits.CODES}"""


@click.group(help=HELP, short_help="Datasets that a server makes.")
def remote() -> None:
    """Commands are below; what they have in common is said in `HELP`."""


for command in (build, watch, list_datasets, show, download, cancel, delete):
    remote.add_command(command)
