"""Where the API is and who asks: options that all remote commands share."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from builder.cli.exits import InputError, say
from builder.cli.options import FILE, Output, gathered

if TYPE_CHECKING:
    from builder.remote.client import Client

API_VARIABLE, KEY_VARIABLE = "PIXCRAWLER_API", "PIXCRAWLER_KEY"


@dataclass(frozen=True, slots=True)
class Access:
    """The API's address, and where its key is to be read; never the key, which a list of processes would show."""

    api: str
    key_file: Path | None
    plain_http: bool


access_options = gathered(
    Access,
    "access",
    click.option(
        "--api", required=True, envvar=API_VARIABLE, metavar="URL", help=f"Of the API; or set {API_VARIABLE}."
    ),
    click.option("--key-file", type=FILE, help=f"File that holds the API key; or set {KEY_VARIABLE}."),
    click.option("--plain-http", is_flag=True, help="Send the key over http:// too; to this machine it always goes."),
)


def client(access: Access, output: Output) -> "Client":
    """The client that the options ask for; `InputError` when there is no key, or it may not go there."""
    from builder.errors import SettingError
    from builder.remote.client import Client
    from builder.remote.transport import Waiting

    silent = output.json or output.quiet
    try:
        return Client(
            access.api,
            _key(access),
            waiting=Waiting(told=(lambda _: None) if silent else say),
            plain_http=access.plain_http,
        )
    except SettingError as error:
        msg = f"--api: {error}"
        raise InputError(msg) from None


def _key(access: Access) -> str:
    key = access.key_file.read_text() if access.key_file else os.environ.get(KEY_VARIABLE, "")
    key = key.strip()
    if not key:
        msg = f"no API key: set {KEY_VARIABLE}, or name a file with --key-file (of the local stack: .local/api-key)"
        raise InputError(msg)
    if not (key.isascii() and key.isprintable()) or " " in key:
        msg = "the API key is none: it is one word, such as pxc_..."
        raise InputError(msg)
    return key
