"""The operator's command for a tenant's quotas: `python -m shared.set_quotas --tenant NAME --concurrent-builds 20`."""

import click

from shared.quotas import Quota, limits, set_limits


def _number(_: click.Context, option: click.Parameter, text: str | None) -> int | str | None:
    """A whole number, `default`, or None when the option is not given."""
    if text is None or text == "default":
        return text
    if not text.isascii() or not text.isdecimal():
        msg = "a whole number, or `default` for what the settings say"
        raise click.BadParameter(msg, param=option)
    return int(text)


@click.command()
@click.option("--tenant", required=True, help="Whose quotas.")
@click.option("--concurrent-builds", callback=_number, help="Builds that may go on at once.")
@click.option("--images-per-month", callback=_number, help="Images in a calendar month (UTC).")
@click.option("--stored-bytes", callback=_number, help="Bytes of all datasets and uploads together.")
def main(tenant: str, **given: int | str | None) -> None:
    """Set a tenant's quotas, and print all of them. What is not given stays; `default` takes the settings' value.

    The database is the one that the app's settings name (PIXCRAWLER_COSMOS_ENDPOINT...).
    """
    quotas: tuple[Quota, ...] = ("concurrent_builds", "images_per_month", "stored_bytes")
    values = {name: given[name] for name in quotas if given[name] is not None}
    changes = {name: value if isinstance(value, int) else None for name, value in values.items()}
    found = set_limits(tenant, changes) if changes else limits(tenant)
    for name, value in found.model_dump().items():
        click.echo(f"{name}: {value:,}")


if __name__ == "__main__":
    main()
