"""`rebuild MANIFEST`: fetch the images of a dataset again from where they were found."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from builder.cli.exits import CODES, Exit, tell
from builder.cli.fetching import FetchChoices, fetch_options, run_options
from builder.cli.options import (
    FILE,
    FormChoices,
    Output,
    check_file,
    export_option,
    form_options,
    form_spec,
    layouts,
    out_option,
    output_options,
)
from builder.forks import warm_up

if TYPE_CHECKING:
    from builder.rebuild import Rebuilt

HELP = f"""\
Fetch the accepted images that MANIFEST (the manifest.jsonl of a dataset) lists once more from their URLs, and make the
same dataset of them: the same keys, labels and splits. The bytes served must have the SHA-256 of the manifest. What is
gone, and what has changed, is told and left out.

The form in which images are kept is that of the plan.json beside MANIFEST; without one, say it as it was said when the
dataset was built (--format, --size ...).

\b
Examples:
  python -m builder rebuild pandas/manifest.jsonl --out again
  grep snow-leopard pandas/manifest.jsonl > part.jsonl; python -m builder rebuild part.jsonl --out leopards

With --json, standard output has one object: outcome, out, wanted, same, and lists of gone and changed, each of objects
with key, url and detail.

{CODES}"""
LOSSES_TOLD = 20


@click.command(help=HELP, short_help="Fetch the images of a manifest again.")
@click.argument("manifest", type=FILE, metavar="MANIFEST")
@out_option
@click.option("--accept-changed", is_flag=True, help="Keep images whose bytes are not those of the manifest any more.")
@form_options
@export_option
@fetch_options
@output_options
def rebuild(
    *,
    manifest: Path,
    out: Path,
    accept_changed: bool,
    form: FormChoices,
    exports: tuple[str, ...],
    fetch: FetchChoices,
    output: Output,
) -> Exit:
    """The command itself; its help is `HELP`."""
    warm_up()
    from builder import rebuild as again
    from builder.cli.progress import showing

    check_file(manifest)
    image = form_spec(form)
    options = run_options(fetch)
    with showing(output, "fetching") as on_progress:
        rebuilt = again.rebuild(
            manifest,
            out,
            options,
            image=image,
            accept_changed=accept_changed,
            exports=layouts(exports),
            on_progress=on_progress,
        )
    complete = Exit.DONE if rebuilt.kept == rebuilt.wanted else Exit.INCOMPLETE
    ended = complete if rebuilt.kept else Exit.NOTHING
    _tell(rebuilt, out, ended, output)
    return ended


def _tell(rebuilt: "Rebuilt", out: Path, ended: Exit, output: Output) -> None:
    from builder.cli.summary import OUTCOMES

    if output.quiet:
        return
    if output.json:
        losses = {
            name: [{"key": one.key, "url": one.url, "detail": one.detail} for one in found]
            for name, found in (("gone", rebuilt.gone), ("changed", rebuilt.changed))
        }
        told = {"outcome": OUTCOMES[ended], "out": str(out), "wanted": rebuilt.wanted, "same": rebuilt.same, **losses}
        click.echo(json.dumps(told))
        return
    for name, found in (("gone", rebuilt.gone), ("changed", rebuilt.changed)):
        for one in found[:LOSSES_TOLD]:
            tell(f"{name}: {one.key} {one.url} ({one.detail})")
        if len(found) > LOSSES_TOLD:
            click.echo(f"{name}: {len(found) - LOSSES_TOLD:,} more, see {out / 'manifest.jsonl'}")
    click.echo(
        f"{out}: {rebuilt.same:,} of {rebuilt.wanted:,} images are the same, {len(rebuilt.gone):,} gone, "
        f"{len(rebuilt.changed):,} changed" + (" (kept)" if rebuilt.changed and rebuilt.kept > rebuilt.same else "")
    )
    if rebuilt.reformed:
        click.echo(
            f"{rebuilt.reformed:,} of them are stored in another form than then: give the same --format, --size, "
            "--resize and --quality (and the same version) for the same bytes"
        )
