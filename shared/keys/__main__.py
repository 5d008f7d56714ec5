"""The operator's command: `python -m shared.keys create`, `list`, `revoke`, `check`.

It works on the Cosmos DB account that the environment names, with the settings of the app itself. The first key of a
tenant is made with it; after that, the tenant's administrators have the API.
"""

import re
import sys
from typing import get_args

import click

from shared.access import TENANT_PATTERN, Role
from shared.commands import in_words
from shared.documents import now
from shared.keys import store, verify

BY = "operator"
_PAGE = 500


class TenantName(click.ParamType[str]):
    """A tenant's name."""

    name = "tenant"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name if it is one."""
        if not re.fullmatch(TENANT_PATTERN.strip("^$"), str(value)):
            self.fail("a tenant's name has lower-case letters, digits and hyphens, 64 at most", param, ctx)
        return str(value)


@click.group(help=(__doc__ or "").partition("\n")[2])
def main() -> None:
    """Choose a command."""


@main.command()
@click.option("--tenant", type=TenantName(), required=True, help="Whose key it is.")
@click.option("--name", required=True, help="What it is for.")
@click.option("--role", type=click.Choice(get_args(Role)), required=True)
@click.option("--expires-days", type=click.IntRange(1, 3650), help="Without it, the key does not expire.")
@click.option("--quiet", is_flag=True, help="Nothing but the key.")
def create(tenant: str, name: str, role: Role, expires_days: int | None, *, quiet: bool) -> None:
    """Make a key. It goes to standard output alone, this once; what is said about it to standard error."""
    with in_words():
        key, document = store.create(tenant, name=name, role=role, by=BY, expires_days=expires_days)
    if not quiet:
        until = f"until {document.expires:%Y-%m-%d %H:%M} UTC" if document.expires else "for ever"
        click.echo(f"{role} of {tenant}, {until}. The key is shown this once; only its hash is kept.", err=True)
    click.echo(key.text)


@main.command("list")
@click.option("--tenant", type=TenantName(), required=True)
def list_keys(tenant: str) -> None:
    """List a tenant's keys: prefix, role, state, last use and name, a line each, between tabs."""
    cursor: str | None = None
    while True:
        with in_words():
            found = store.page(tenant, size=_PAGE, cursor=cursor)
        for one in found.items:
            state = one.ended(now()) or "valid"
            used = one.used.isoformat(timespec="minutes") if one.used else "never used"
            click.echo(f"{one.id}\t{one.role}\t{state}\t{used}\t{one.name}")
        cursor = found.cursor
        if cursor is None:
            return


@main.command()
@click.option("--tenant", type=TenantName(), required=True)
@click.argument("prefix")
def revoke(tenant: str, prefix: str) -> None:
    """Revoke a key for good, by its PREFIX (the ten characters after `pxc_`)."""
    with in_words():
        store.revoke(tenant, prefix)
    click.echo(f"{prefix} is revoked.", err=True)


@main.command()
def check() -> None:
    """Say whose key it is that comes on standard input; exit code 1 when it does not count."""
    with in_words():
        document = verify.look_up(verify.parse(sys.stdin.readline().strip()))
    click.echo(f"{document.owner}\t{document.role}\t{document.name}")


if __name__ == "__main__":
    main(prog_name="python -m shared.keys")
