"""The command line: `python -m local up` keeps the stack running, `python -m local run` builds a dataset with it."""

import argparse
import sys
from pathlib import Path

from pydantic import ValidationError

from local.config import StackSettings, in_words
from local.run import SAMPLE_IMAGES, WEB_IMAGES, run, wish
from local.up import up

SOURCES = ("duckduckgo", "bing", "sample")
USAGE_ERROR = 2


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    names = ", ".join(name.upper() for name in StackSettings.model_fields)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--host-port", type=int, help="port of the HTTP API (7071)")
    common.add_argument("--data", type=Path, help="folder of the stack's data and logs (.local)")
    epilog = f"All ports and more can be set as environment variables: PIXCRAWLER_LOCAL_ and one of {names}."
    main = argparse.ArgumentParser(prog="python -m local", description=__doc__, epilog=epilog)
    commands = main.add_subparsers(dest="command", required=True)
    told = "keep storage, database, gallery and Functions host running until Ctrl-C"
    keep = commands.add_parser("up", parents=[common], help=told, description=told, epilog=epilog)
    keep.add_argument("--without-host", action="store_true", help="leave the Functions host out: `func start` is yours")
    told = "build a dataset and unpack it: of keywords from the web, or the sample when there are none"
    build = commands.add_parser("run", parents=[common], help=told, description=told, epilog=epilog)
    build.add_argument("--keywords", help="what to get pictures of, separated by commas")
    build.add_argument("--images", type=int, help=f"how many for each ({WEB_IMAGES}; of the sample {SAMPLE_IMAGES})")
    build.add_argument("--name", help="of the dataset and its folder (made from the keywords)")
    build.add_argument("--source", action="append", choices=SOURCES, default=[], help="where from; may be repeated")
    build.add_argument("--out", type=Path, default=Path("out"), help="folder to put the dataset into (%(default)s)")
    told = "seconds after which the build is cancelled (%(default)g)"
    build.add_argument("--time-limit", type=float, default=3600.0, help=told)
    return main


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns its exit code, 2 when it makes no sense."""
    options = parser().parse_args(arguments)
    flags = {name: value for name in ("host_port", "data") if (value := getattr(options, name)) is not None}
    try:
        settings = StackSettings(**flags)
        if options.command == "up":
            return up(settings, with_host=not options.without_host)
        wanted = wish(
            options.keywords,
            images=options.images,
            name=options.name,
            sources=tuple(dict.fromkeys(options.source)),
            out=options.out,
            time_limit=options.time_limit,
        )
        return run(wanted, settings)
    except ValidationError as error:
        sys.stderr.write(f"wrong settings: {in_words(error)}\n")
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
    return USAGE_ERROR


if __name__ == "__main__":
    sys.exit(main())
