"""Uploaded URL lists: checked line by line, kept, opened again."""

import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from builder.errors import UrlListError
from builder.spec import MAX_LABELS
from builder.store import pieces
from builder.urls import MAX_LINE_BYTES, ListKind, UrlRow, parse_url_list
from shared import quotas, uploads, usage
from shared.blobs import BlobFolder, url_lists
from shared.problems import invalid_body
from shared.uploads import UploadDocument, UploadReport
from shared.views import UrlListView

_IN_MEMORY_BYTES = 16 << 20
_LABEL_CHARACTERS = 200

KINDS: tuple[ListKind, ...] = ("text", "csv", "tsv", "jsonl")


def keep_url_list(owner: str, list_id: str, kind: ListKind, file: IO[bytes]) -> UrlListView:
    """Check the list and keep it; `ProblemError` 422 naming the first line that cannot be used, 403 when the quota has
    no room for it, and nothing kept."""
    try:
        rows, labels = _counted(parse_url_list(pieces(file), kind=kind))
    except UrlListError as error:
        location: tuple[int | str, ...] = ("line", error.line) if error.line else ()
        raise invalid_body([(location, error.message)]) from None
    if not rows:
        raise invalid_body([((), "the list has no URL in it")])
    size = file.seek(0, 2)
    file.seek(0)
    quotas.check_stored(owner, size)
    url_lists(owner).write(f"{list_id}.{kind}", pieces(file))
    report = _report(rows, labels)
    name = "list.txt" if kind == "text" else f"list.{kind}"
    uploads.create(
        UploadDocument(
            id=list_id, owner=owner, kind="urls", filename=name, state="ready", size_bytes=size, report=report
        )
    )
    usage.measure_uploads(owner)
    return UrlListView(id=list_id, rows=rows, labels=labels)


def keep_listed(owner: str, list_id: str, path: Path) -> UploadReport:
    """Check a list on disk, whose ending tells its format, and keep it as JSON Lines; `UrlListError` names the first
    line that cannot be used, and nothing is kept."""
    from builder.list_files import read_list

    with tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES) as spool:

        def written() -> Iterator[UrlRow]:
            for row in read_list(path):
                line = row.model_dump_json(exclude={"line"}, exclude_none=True).encode() + b"\n"
                if len(line) > MAX_LINE_BYTES:
                    raise UrlListError(row.line, f"over {MAX_LINE_BYTES:,} bytes of text: shorten its title")
                spool.write(line)
                yield row

        rows, labels = _counted(written())
        if not rows:
            raise UrlListError(0, "there is no URL in it")
        spool.seek(0)
        url_lists(owner).write(f"{list_id}.jsonl", pieces(cast("IO[bytes]", spool)))
    return _report(rows, labels)


def _report(rows: int, labels: dict[str, int]) -> UploadReport:
    """What is told of a list; text that is too long for a label is cut, so that the report stays small."""
    told: Counter[str] = Counter()
    for label, count in labels.items():
        told[label[:_LABEL_CHARACTERS]] += count
    return UploadReport(entries=rows, images=rows, labels=dict(told), unlabelled=rows - told.total())


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
