"""Shard and search documents of a dataset: what has been done, and every image's row.

A shard is two items: all of it (`{id}.rows`, some 40 KB, see `shared.packed`), and all but its rows (`{id}`, half a
KB), which is what looks at a running build read. They are written in one transaction, together with the `pulse`
(`shared.pulse`).
"""

import json
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any, NamedTuple

from builder.rows import ImageRow, Verdict
from shared import cosmos, pulse
from shared.cosmos import Page, query, query_page
from shared.documents import SearchDocument, ShardDocument, shard_parts
from shared.packed import pack, unpack
from shared.pulse import Operation, Outcome

NAME = "shards"
_ROWS = ".rows"
"""Ends the id of the item with the rows. No label has a full stop in its slug."""
_SHARDS_TOGETHER, _BYTES_TOGETHER = 10, 1_000_000
"""In one transaction, which may have 2 MB and takes some 60 request units for each; bytes as the SDK sends them."""


def _items(document: ShardDocument) -> tuple[dict[str, Any], dict[str, Any]]:
    """With the rows, and without."""
    item = document.item()
    summary = {name: value for name, value in item.items() if name != "images"}
    images, packed = pack(item["images"])
    return {**item, "id": document.id + _ROWS, "kind": "rows", "images": images, "packed": packed}, summary


def readable(item: dict[str, Any]) -> dict[str, Any]:
    """An item of the container as people can read it: rows that are kept packed in plain, all others as they are."""
    if "packed" not in item:
        return item
    return {name: value for name, value in item.items() if name != "packed"} | {"images": _images(item)}


def _whole(item: dict[str, Any]) -> ShardDocument:
    return ShardDocument.model_validate({
        **item, "id": item["id"].removesuffix(_ROWS), "kind": "shard", "images": _images(item),
    })  # fmt: skip


def _images(item: dict[str, Any]) -> list[dict[str, Any]]:
    # Rows of earlier releases are in plain.
    return unpack(item["images"], item["packed"]) if "packed" in item else item["images"]


def put(document: ShardDocument | SearchDocument) -> None:
    """Store a document, in place of the one of the same id."""
    items = (document.item(),) if isinstance(document, SearchDocument) else _items(document)
    pulse.write(document.dataset, *(Operation("upsert", (item,)) for item in items))


def add(document: ShardDocument) -> None:
    """Store a shard that is not there yet. One that came first stays: it tells the same, or more by now."""
    whole, summary = _items(document)
    pulse.write(document.dataset, Operation("create", (whole,)), Operation("upsert", (summary,)))


class ConflictError(RuntimeError):
    """A document that somebody else changed since it was read: read it again."""


def replace(*documents: ShardDocument) -> None:
    """Store shards of a dataset that were read, each with the shards beside it or not at all: ConflictError when
    somebody changed or removed one of them since then."""
    for some in _transactions(documents):
        operations = [Operation("replace", (one.whole["id"], one.whole), one.etag) for one in some]
        operations += [Operation("upsert", (one.summary,)) for one in some]
        dataset = str(some[0].summary["dataset"])
        if pulse.write(dataset, *operations) is not Outcome.DONE:
            msg = f"shards of {dataset} changed while they were being changed"
            raise ConflictError(msg)


class _Changed(NamedTuple):
    whole: dict[str, Any]
    summary: dict[str, Any]
    etag: str | None


def _transactions(documents: Iterable[ShardDocument]) -> Iterator[list[_Changed]]:
    """Together as many as go into one: each for itself would write the pulse once more."""
    together: list[_Changed] = []
    size = 0
    for document in documents:
        one = _Changed(*_items(document), document.etag)
        added = len(json.dumps(one.whole, separators=(",", ":")))
        if len(together) == _SHARDS_TOGETHER or (together and size + added > _BYTES_TOGETHER):
            yield together
            together, size = [], 0
        together.append(one)
        size += added
    if together:
        yield together


def change(dataset: str, shard: str, edit: Callable[[ShardDocument], ShardDocument | None]) -> None:
    """Apply `edit` to the shard as it is and store it, again if somebody else was faster; None leaves it. Nothing
    happens if there is no such shard; ConflictError after 20 times."""
    for left in reversed(range(cosmos.MAX_CONFLICTS)):
        current = find(dataset, shard)
        edited = None if current is None else edit(current)
        if edited is None:
            return
        try:
            replace(edited)
        except ConflictError:
            if not left:
                raise
        else:
            return


def find(dataset: str, shard: str) -> ShardDocument | None:
    """A shard with its rows, None if it has not been validated."""
    item = cosmos.read(NAME, shard + _ROWS, dataset)
    return None if item is None else _whole(item)


def find_search(dataset: str, search: str) -> SearchDocument | None:
    """A round of searching, None if it has not happened."""
    item = cosmos.read(NAME, search, dataset)
    return None if item is None else SearchDocument.model_validate(item)


def documents(dataset: str, label: str | None = None) -> list[ShardDocument]:
    """All shards of a dataset (or of one label) with their rows, in order of label and number."""
    where = " AND c.label = @label" if label else ""
    items = query(
        NAME,
        f"SELECT * FROM c WHERE c.kind = 'rows'{where}",  # noqa: S608 (no outside text in it)
        {"label": label} if label else {},
        dataset,
    )
    found = [_whole(item) for item in items]
    return sorted(found, key=lambda shard: (shard.label, shard.number))


def summaries(dataset: str, label: str | None = None) -> list[ShardDocument]:
    """All shards of a dataset (or of one label) without their rows, and without an etag.

    The sums are made by whoever asks: the SDK lists GROUP BY among the things it does not support.
    """
    where = " AND c.label = @label" if label else ""
    sql = f"SELECT * FROM c WHERE c.kind = 'shard'{where}"  # noqa: S608 (no outside text in it)
    return [_summary(item) for item in query(NAME, sql, {"label": label} if label else {}, dataset)]


def _summary(item: dict[str, Any]) -> ShardDocument:
    return ShardDocument.model_validate({**item, "_etag": None})  # that of its rows is the shard's


def written_since(dataset: str, moment: int) -> tuple[list[ShardDocument], list[SearchDocument], int]:
    """Shards (without rows) and rounds of searching that were written at `moment` (Unix time, the database's) or
    later, in any order, and when the last of them was; `moment` when there are none."""
    sql = "SELECT * FROM c WHERE ARRAY_CONTAINS(@kinds, c.kind) AND c._ts >= @moment"
    items = query(NAME, sql, {"kinds": ["shard", "search"], "moment": moment}, dataset)
    found = [_summary(item) for item in items if item["kind"] == "shard"]
    searched = [SearchDocument.model_validate(item) for item in items if item["kind"] == "search"]
    return found, searched, max((item["_ts"] for item in items), default=moment)


def searches(dataset: str) -> list[SearchDocument]:
    """All rounds of searching, in order."""
    items = query(NAME, "SELECT * FROM c WHERE c.kind = 'search'", {}, dataset)
    return sorted((SearchDocument.model_validate(item) for item in items), key=lambda found: (found.label, found.round))


def rows(dataset: str) -> Iterator[ImageRow]:
    """Every candidate's row, in order of label, shard and index."""
    for shard in documents(dataset):
        yield from shard.images


def image_page(
    dataset: str, *, label: str | None, verdict: Verdict | None, reason: str | None, size: int, cursor: str | None
) -> Page:
    """Rows of a dataset as `ImageRow`s, filtered."""
    wanted = {"label": label, "verdict": verdict, "reason": reason}
    filters = {name: value for name, value in wanted.items() if value is not None}
    where = "".join(f" AND i.{name} = @{name}" for name in filters)
    sql = f"SELECT c.id, i.key FROM c JOIN i IN c.images WHERE c.kind = 'rows'{where}"  # noqa: S608 (names are ours)
    found = query_page(NAME, sql, filters, dataset, size=size, cursor=cursor)
    keys = {str(item["key"]) for item in found.items}
    rows = dict(_rows(dataset, {str(item["id"]) for item in found.items}, keys))
    return Page(tuple(rows[item["key"]] for item in found.items if item["key"] in rows), found.cursor)


def _rows(dataset: str, items: Collection[str], keys: Collection[str]) -> Iterator[tuple[str, ImageRow]]:
    """The rows with these keys, by key, out of these items, in one query.

    A filter that few rows pass takes one row from each of hundreds of shards: only what is asked for is made a row.
    """
    if not items:
        return
    ids = {f"id{number}": item for number, item in enumerate(sorted(items))}
    sql = f"SELECT * FROM c WHERE c.id IN ({', '.join(f'@{name}' for name in ids)})"  # noqa: S608 (names are ours)
    for item in query(NAME, sql, ids, dataset):
        for row in _images(item):
            if row["key"] in keys:
                yield row["key"], ImageRow.model_validate(row)


def clear(dataset: str) -> None:
    """Remove every document of a dataset."""
    for item in query(NAME, "SELECT c.id FROM c", {}, dataset):
        cosmos.delete(NAME, item["id"], dataset)


def remove(dataset: str, document: str) -> None:
    """Remove a document; nothing happens if there is none."""
    items = (document + _ROWS, document) if shard_parts(document) else (document,)
    pulse.write(dataset, *(Operation("delete", (item,)) for item in items))
