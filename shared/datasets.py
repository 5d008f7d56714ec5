"""Dataset documents: made, read, listed, moved from state to state, removed."""

from collections.abc import Callable
from typing import get_args

from shared import cosmos
from shared.cosmos import Page, container, query, query_page
from shared.documents import FINAL, DatasetDocument, DatasetHead, State
from shared.problems import not_found

NAME = "datasets"
type Edit = Callable[[DatasetDocument], DatasetDocument | None]
_HEAD = ", ".join(f"c.{name}" for name in DatasetHead.model_fields)


def create(document: DatasetDocument) -> DatasetDocument:
    """Store a new dataset, or find the one that the same request made before under the same id."""
    from azure.cosmos.exceptions import CosmosResourceExistsError

    try:
        return DatasetDocument.model_validate(container(NAME).create_item(document.item()))
    except CosmosResourceExistsError:
        return find(document.owner, document.id) or document


def find(owner: str, dataset: str) -> DatasetDocument | None:
    """The dataset in whatever state, None if there is none."""
    item = cosmos.read(NAME, dataset, owner)
    return None if item is None else DatasetDocument.model_validate(item)


def get(owner: str, dataset: str) -> DatasetDocument:
    """The dataset; `ProblemError` 404 if this owner has none of that id, or it is being deleted."""
    document = find(owner, dataset)
    if document is None or document.state == "deleting":
        raise not_found("dataset")
    return document


def page(owner: str, *, state: State | None, size: int, cursor: str | None) -> Page:
    """An owner's datasets, newest first, as `DatasetHead`s."""
    where = "c.state != 'deleting'" + (" AND c.state = @state" if state else "")
    found = query_page(
        NAME,
        f"SELECT {_HEAD} FROM c WHERE {where} ORDER BY c.created DESC",  # noqa: S608 (no outside text in it)
        {"state": state} if state else {},
        owner,
        size=size,
        cursor=cursor,
    )
    return Page(tuple(DatasetHead.model_validate(item) for item in found.items), found.cursor)


def in_states(states: tuple[State, ...]) -> list[DatasetHead]:
    """Every owner's datasets in one of these states: for housekeeping only."""
    sql = f"SELECT {_HEAD} FROM c WHERE ARRAY_CONTAINS(@states, c.state)"  # noqa: S608 (no outside text in it)
    return [DatasetHead.model_validate(item) for item in query(NAME, sql, {"states": list(states)}, None)]


def numbers() -> dict[State, int]:
    """How many datasets are in each state, over all owners."""
    sql = "SELECT VALUE COUNT(1) FROM c WHERE c.state = @state"
    found = {
        state: container(NAME).query_items(sql, [{"name": "@state", "value": state}], enable_cross_partition_query=True)
        for state in get_args(State)
    }
    return {state: sum(int(str(number)) for number in numbers) for state, numbers in found.items()}


def unsettled() -> list[DatasetDocument]:
    """Every owner's datasets with images whose files have not been seen whole since the build ended."""
    sql = "SELECT * FROM c WHERE ARRAY_CONTAINS(@states, c.state) AND c.settled = false"
    items = query(NAME, sql, {"states": ["ready", "incomplete"]}, None)
    return [DatasetDocument.model_validate(item) for item in items]


def unnotified() -> list[DatasetHead]:
    """Every owner's datasets whose build has ended, or that are being deleted, without everybody having been told."""
    sql = f"SELECT {_HEAD} FROM c WHERE ARRAY_CONTAINS(@states, c.state) AND c.notified = false"  # noqa: S608 (no outside text in it)
    return [
        DatasetHead.model_validate(item) for item in query(NAME, sql, {"states": [*sorted(FINAL), "deleting"]}, None)
    ]


def change(owner: str, dataset: str, edit: Edit) -> DatasetDocument | None:
    """Apply `edit` to the current document and store it; again if somebody else was faster.

    `edit` may return None (leave it) or raise. Returns the document as it is now, None if there is none.
    """
    return cosmos.change(NAME, lambda: find(owner, dataset), edit)


def remove(owner: str, dataset: str) -> None:
    """Remove the document; nothing happens if there is none."""
    cosmos.delete(NAME, dataset, owner)
