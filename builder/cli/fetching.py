"""Options of commands that fetch, and the engine's settings that they make."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from builder.cli.exits import InputError
from builder.cli.options import FILE, gathered, processes_option

if TYPE_CHECKING:
    from builder.run import RunOptions


@dataclass(frozen=True, slots=True)
class FetchChoices:
    """How to fetch; None leaves the engine's default."""

    processes: int | None
    concurrency: int | None
    per_host: int | None
    spacing: float | None
    timeout: float | None
    retries: int | None
    contact: str | None
    no_robots: bool
    no_opt_outs: bool
    take_down: Path | None
    allow: str
    ca_file: Path | None
    proxy: str | None


_SECONDS = click.FloatRange(min=0, min_open=True)

fetch_options = gathered(
    FetchChoices,
    "fetch",
    processes_option,
    click.option(
        "--concurrency",
        type=click.IntRange(1, 4096),
        metavar="N",
        help="Fetches at a time.  [default: 32]",
    ),
    click.option(
        "--per-host", type=click.IntRange(1, 4096), metavar="N", help="Of these, from one host.  [default: 6]"
    ),
    click.option(
        "--spacing",
        type=click.FloatRange(min=0),
        metavar="SECONDS",
        help="Between two requests to one host.  [default: 0]",
    ),
    click.option("--timeout", type=_SECONDS, metavar="SECONDS", help="For one image, retries and all.  [default: 30]"),
    click.option(
        "--retries", type=click.IntRange(0, 10), metavar="N", help="Of what may pass: 5xx, 429, resets.  [default: 2]"
    ),
    click.option("--contact", metavar="TEXT", help="A URL or mail address, told to the sites in the User-Agent."),
    click.option("--no-robots", is_flag=True, help="Do not ask robots.txt."),
    click.option("--no-opt-outs", is_flag=True, help="Pass over X-Robots-Tag and TDM reservations."),
    click.option("--take-down", type=FILE, metavar="FILE", help="URLs, host:NAMEs and sha256:HASHes never to be kept."),
    click.option(
        "--allow", default="", metavar="ADDRESS:PORT,...", help="Addresses to fetch from though they are private."
    ),
    click.option("--ca-file", type=FILE, metavar="PEM", help="Certificate authorities to trust as well."),
    click.option("--proxy", metavar="URL", help="For search requests; images are fetched directly."),
)


def run_options(fetch: FetchChoices, max_bytes: int | None = None, *, sample_url: str | None = None) -> "RunOptions":
    """The engine's options. Raises `SettingError` for addresses and authorities that are none, `TakeDownListError` for
    a bad line, `InputError` for a proxy that is none."""
    from builder.engines import EngineSettings
    from builder.guard import parse_exceptions
    from builder.limits import FetchLimits
    from builder.manners import Manners
    from builder.run import RunOptions
    from builder.takedown import TakeDownList

    parse_exceptions(fetch.allow)
    if fetch.ca_file:
        from builder.authorities import trusting

        trusting(fetch.ca_file)
    if fetch.proxy:
        _check_proxy(fetch.proxy)
    limits: dict[str, Any] = {
        "total_seconds": fetch.timeout,
        "max_bytes": max_bytes,
        "concurrency": fetch.concurrency,
        "per_host": fetch.per_host,
        "host_spacing_seconds": fetch.spacing,
        "retries": fetch.retries,
        "contact": fetch.contact,
    }
    return RunOptions(
        processes=fetch.processes,
        limits=FetchLimits(**{name: value for name, value in limits.items() if value is not None}),
        exceptions=fetch.allow,
        manners=Manners(
            robots=not fetch.no_robots,
            opt_outs=not fetch.no_opt_outs,
            take_down=TakeDownList.read(fetch.take_down) if fetch.take_down else TakeDownList(),
        ),
        ca_file=fetch.ca_file,
        engine_settings=EngineSettings(proxy=fetch.proxy, ca_file=fetch.ca_file, sample_url=sample_url),
    )


def _check_proxy(proxy: str) -> None:
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(proxy)
        usable = parts.scheme in {"http", "https", "socks5", "socks5h"} and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        msg = (
            "--proxy: write a URL, such as http://127.0.0.1:3128 or socks5h://127.0.0.1:9050"  # it may hold a password
        )
        raise InputError(msg)
