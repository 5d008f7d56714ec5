"""Uploaded URL lists: checked line by line, kept, opened again."""

from collections.abc import Iterator
from typing import IO

from builder.errors import UrlListError
from builder.spec import MAX_LABELS
from builder.store import pieces
from builder.urls import ListKind, UrlRow, parse_url_list
from shared.blobs import BlobFolder, url_lists
from shared.problems import invalid_body
from shared.views import UrlListView

KINDS: tuple[ListKind, ...] = ("text", "csv", "tsv", "jsonl")


def keep_url_list(owner: str, list_id: str, kind: ListKind, file: IO[bytes]) -> UrlListView:
    """Check the list and keep it; `ProblemError` 422 naming the first line that cannot be used, and nothing kept."""
    try:
        rows, labels = _counted(parse_url_list(pieces(file), kind=kind))
    except UrlListError as error:
        location: tuple[int | str, ...] = ("line", error.line) if error.line else ()
        raise invalid_body([(location, error.message)]) from None
    if not rows:
        raise invalid_body([((), "the list has no URL in it")])
    file.seek(0)
    url_lists(owner).write(f"{list_id}.{kind}", pieces(file))
    return UrlListView(id=list_id, rows=rows, labels=labels)


def _counted(list_rows: Iterator[UrlRow]) -> tuple[int, dict[str, int]]:
    """How many rows there are, and how many of them name which label."""
    rows = 0
    labels: dict[str, int] = {}
    for row in list_rows:
        rows += 1
        if row.label:
            labels[row.label] = labels.get(row.label, 0) + 1
        if len(labels) > MAX_LABELS:
            raise UrlListError(row.line, f"over {MAX_LABELS:,} labels, more than a dataset may have: cut the list up")
    return rows, labels


def url_list_exists(owner: str, list_id: str) -> bool:
    """Whether this owner has a list of that id."""
    folder = url_lists(owner)
    return any(folder.exists(f"{list_id}.{kind}") for kind in KINDS)


def read_url_list(folder: BlobFolder, list_id: str) -> Iterator[UrlRow]:
    """The rows of a kept list; FileNotFoundError if there is none."""
    for kind in KINDS:
        if folder.exists(f"{list_id}.{kind}"):
            yield from parse_url_list(folder.chunks(f"{list_id}.{kind}"), kind=kind)
            return
    raise FileNotFoundError(list_id)
