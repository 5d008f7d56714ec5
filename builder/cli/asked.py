"""What `build` and `remote build` are asked for: labels to search for, and what is made of what is found."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from builder.cli.exits import InputError
from builder.cli.options import (
    DedupeChoices,
    FormChoices,
    ImageChoices,
    checks_options,
    dedupe_options,
    dedupe_spec,
    export_option,
    form_options,
    gathered,
    image_spec,
    layouts,
    name_option,
    split_spec,
    splits_option,
    spoken,
)

if TYPE_CHECKING:
    from builder.spec import DatasetSpec

SOURCES = ("duckduckgo", "bing", "sample")


@dataclass(frozen=True, slots=True)
class Asked:
    """The dataset that somebody wants; None leaves a model's default."""

    labels: tuple[str, ...]
    images: int | None
    sources: tuple[str, ...]
    queries: tuple[str, ...]
    name: str | None
    form: FormChoices
    checks: ImageChoices
    same: DedupeChoices
    splits: str | None
    exports: tuple[str, ...]

    def spec(self, usual_exports: tuple[str, ...] = ()) -> "DatasetSpec":
        """The request; `InputError` when these options make none."""
        from builder.spec import DatasetSpec

        by_label = queries_by_label(self.labels, self.queries)
        told = {
            "name": self.name or ", ".join(self.labels)[:200],
            "labels": [{"name": label, "queries": queries} for label, queries in by_label.items()],
            "images_per_label": self.images,
            "sources": tuple(dict.fromkeys(self.sources)) or None,
            "image": image_spec(self.checks, self.form),
            "dedupe": dedupe_spec(self.same),
            "splits": split_spec(self.splits),
            "exports": layouts(self.exports or usual_exports),
        }
        return spoken(DatasetSpec, {field: value for field, value in told.items() if value is not None})


asked_options = gathered(
    Asked,
    "asked",
    click.argument("labels", nargs=-1, required=True, metavar="LABEL..."),
    click.option("--images", type=int, metavar="N", help="For each label.  [default: 100]"),
    click.option(
        "--source",
        "sources",
        type=click.Choice(SOURCES),
        multiple=True,
        help="Where to search.  [default: duckduckgo, bing]",
    ),
    click.option(
        "--query",
        "queries",
        multiple=True,
        metavar="LABEL=TEXT",
        help="Search for this instead of the label; may be repeated.",
    ),
    name_option,
    form_options,
    checks_options,
    dedupe_options,
    splits_option,
    export_option,
)


def queries_by_label(labels: tuple[str, ...], queries: tuple[str, ...]) -> dict[str, list[str]]:
    """The queries of each label: `LABEL=TEXT` is for that label; with a single label, its name may be left out.

    Raises `InputError` for a query that belongs to no label.
    """
    found: dict[str, list[str]] = {label: [] for label in labels}
    for query in queries:
        label, equals, text = query.partition("=")
        if equals and label in found:
            found[label].append(text)
        elif len(labels) == 1:
            found[labels[0]].append(query)
        else:
            msg = f"--query {query!r} names none of the labels: write LABEL=TEXT, such as {labels[0]}={labels[0]} photo"
            raise InputError(msg)
    return found
