"""The command line: `python -m local up` keeps the stack running, `python -m local run` builds a dataset with it."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from local.config import StackSettings
from local.up import up as run_up

cli = typer.Typer(
    help=__doc__,
    epilog="Every port can be set: PIXCRAWLER_LOCAL_ plus "
    + ", ".join(name.upper() for name in StackSettings.model_fields),
    pretty_exceptions_enable=False,
    add_completion=False,
    no_args_is_help=True,
)
HostPort = Annotated[int | None, typer.Option(help="port of the HTTP API")]
Data = Annotated[Path | None, typer.Option(help="folder of data and logs")]


def settings(**flags: object) -> StackSettings:
    """Settings from the environment, overridden by the flags that were given; exits with code 2 if they are wrong."""
    try:
        return StackSettings(**{name: value for name, value in flags.items() if value is not None})  # type: ignore[arg-type] # pydantic checks
    except ValidationError as error:
        for problem in error.errors():
            where = ".".join(map(str, problem["loc"]))
            sys.stderr.write(f"wrong setting {where}: {problem['msg']}\n")
        raise typer.Exit(2) from None


@cli.command()
def up(host_port: HostPort = None, data: Data = None) -> None:
    """Start storage, database, gallery and host, and keep them running until Ctrl-C."""
    raise typer.Exit(run_up(settings(host_port=host_port, data=data)))


if __name__ == "__main__":
    cli(prog_name="python -m local")
