"""The operator's command for the keys that seal secrets: `python -m shared.seal new-key`, `status`, `rotate`.

To change keys: put a new one in front of PIXCRAWLER_SEALING_KEYS and let every instance have it, run `rotate`, and
take the old one out when `status` finds nothing under it. A secret whose key is lost has to be made anew.
"""

import secrets
from base64 import urlsafe_b64encode
from collections import Counter

import click

from shared import sealing, webhooks
from shared.commands import in_words
from shared.sealing import Seal
from shared.sealing_keys import KEY_BYTES

_WORDS: dict[Seal, str] = {
    "newest": "sealed with the newest key",
    "older": "sealed with an older key",
    "none": "not sealed",
    "unknown": "sealed with a key that is not in PIXCRAWLER_SEALING_KEYS",
}


@click.group(help=(__doc__ or "").partition("\n")[2])
def main() -> None:
    """Choose a command."""


@main.command("new-key")
def new_key() -> None:
    """Print a new key. It is stored nowhere."""
    click.echo(urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)).decode())


@main.command()
def status() -> None:
    """Count the secrets of webhooks by how they are sealed; exit code 1 when one cannot be opened."""
    with in_words():
        found = Counter(sealing.seal_of(one.secret) for one in webhooks.everybodys())
    _tell(found)


@main.command()
def rotate() -> None:
    """Seal every secret with the newest key; exit code 1 when one cannot be opened. Doing it again changes nothing."""
    with in_words():
        if not sealing.is_on():
            msg = "there is no key: set PIXCRAWLER_SEALING_KEYS, with what `new-key` prints in it"
            raise click.ClickException(msg)
        for one in webhooks.everybodys():
            webhooks.seal_again(one.owner, one.id)
        found = Counter(sealing.seal_of(one.secret) for one in webhooks.everybodys())
    _tell(found)


def _tell(found: Counter[Seal]) -> None:
    for seal, words in _WORDS.items():
        click.echo(f"{found[seal]}\t{words}")
    if found["unknown"]:
        raise click.exceptions.Exit(1)


if __name__ == "__main__":
    main(prog_name="python -m shared.seal")
