"""Shard and search documents of a dataset: what has been done, and every image's row.

Whatever is written goes together with the `pulse`, one small document beside them, in one transaction. Its etag is a
version of all of them, which costs one point read, however many they are.
"""

from collections.abc import Callable, Iterator
from typing import Any

from builder.rows import ImageRow, Verdict
from shared import cosmos
from shared.cosmos import Page, container, query, query_page
from shared.documents import SearchDocument, ShardDocument

NAME = "shards"
PULSE = "pulse"
_MISSING, _TAKEN, _CHANGED = 404, 409, 412


def version(dataset: str) -> str:
    """Another text whenever a shard or search was written or removed since; empty before the first."""
    item = cosmos.read(NAME, PULSE, dataset)
    return "" if item is None else str(item["_etag"])


def _write(dataset: str, operation: str, *arguments: object, **options: object) -> int:
    """Do it, and give the pulse another etag, or neither; the status, which may be 404, 409 or 412."""
    from azure.cosmos.exceptions import CosmosBatchOperationError

    pulse = {"id": PULSE, "kind": PULSE, "dataset": dataset}
    batch: list[Any] = [(operation, arguments, options), ("upsert", (pulse,), {})]
    try:
        container(NAME).execute_item_batch(batch, dataset)
    except CosmosBatchOperationError as error:
        status = int(error.operation_responses[error.error_index]["statusCode"])
        if status not in {_MISSING, _TAKEN, _CHANGED}:
            raise
        return status
    return 200


def put(document: ShardDocument | SearchDocument) -> None:
    """Store a document, in place of the one of the same id."""
    _write(document.dataset, "upsert", document.item())


def add(document: ShardDocument) -> None:
    """Store a shard that is not there yet. One that came first stays: it tells the same, or more by now."""
    _write(document.dataset, "create", document.item())


class ConflictError(RuntimeError):
    """A document that somebody else changed since it was read: read it again."""


def replace(document: ShardDocument) -> None:
    """Store a shard that was read, unless somebody changed or removed it since then: ConflictError."""
    condition = {"if_match_etag": document.etag} if document.etag else {}
    if _write(document.dataset, "replace", document.id, document.item(), **condition) in {_MISSING, _CHANGED}:
        msg = f"shard {document.dataset}/{document.id} changed while it was being changed"
        raise ConflictError(msg)


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
    item = cosmos.read(NAME, shard, dataset)
    return None if item is None else ShardDocument.model_validate(item)


def find_search(dataset: str, search: str) -> SearchDocument | None:
    """A round of searching, None if it has not happened."""
    item = cosmos.read(NAME, search, dataset)
    return None if item is None else SearchDocument.model_validate(item)


def documents(dataset: str, label: str | None = None) -> list[ShardDocument]:
    """All shards of a dataset (or of one label) with their rows, in order of label and number."""
    where = " AND c.label = @label" if label else ""
    items = query(
        NAME,
        f"SELECT * FROM c WHERE c.kind = 'shard'{where}",  # noqa: S608 (no outside text in it)
        {"label": label} if label else {},
        dataset,
    )
    found = [ShardDocument.model_validate(item) for item in items]
    return sorted(found, key=lambda shard: (shard.label, shard.number))


def summaries(dataset: str) -> list[ShardDocument]:
    """All shards without their rows: small enough to be read at every look at a running build.

    The sums are made here: the SDK lists GROUP BY among the things it does not support.
    """
    names = "c.id, c.dataset, c.label, c.number, c.state, c.counts, c.elsewhere, c.error"
    sql = f"SELECT {names} FROM c WHERE c.kind = 'shard'"  # noqa: S608 (no outside text in it)
    return [ShardDocument.model_validate(item) for item in query(NAME, sql, {}, dataset)]


def overview(dataset: str) -> tuple[list[ShardDocument], list[SearchDocument]]:
    """`summaries` and `searches` by one query."""
    sql = (
        "SELECT c.kind, c.id, c.dataset, c.label, c.number, c.state, c.counts, c.elsewhere, c.error, c.round, "
        "c.first_shard, c.shards, c.found, c.dry, c.over_cost, c.sources FROM c WHERE ARRAY_CONTAINS(@kinds, c.kind)"
    )
    items = query(NAME, sql, {"kinds": ["shard", "search"]}, dataset)
    found = [ShardDocument.model_validate(item) for item in items if item["kind"] == "shard"]
    return found, [SearchDocument.model_validate(item) for item in items if item["kind"] == "search"]


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
    sql = f"SELECT VALUE i FROM c JOIN i IN c.images WHERE c.kind = 'shard'{where}"  # noqa: S608 (names are ours)
    found = query_page(NAME, sql, filters, dataset, size=size, cursor=cursor)
    return Page(tuple(ImageRow.model_validate(item) for item in found.items), found.cursor)


def clear(dataset: str) -> None:
    """Remove every document of a dataset."""
    for item in query(NAME, "SELECT c.id FROM c", {}, dataset):
        cosmos.delete(NAME, item["id"], dataset)


def remove(dataset: str, shard: str) -> None:
    """Remove a document; nothing happens if there is none."""
    _write(dataset, "delete", shard)
