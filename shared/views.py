"""What the API answers with, made from documents."""

from datetime import datetime

from builder.spec import DatasetSpec
from shared import shards
from shared.costs import Cost
from shared.documents import DatasetDocument, DatasetHead, Stage, State
from shared.progress import Progress, View, progress
from shared.spending import spent


class DatasetLine(View):
    """A dataset in a list."""

    id: str
    name: str
    state: State
    stage: Stage | None
    error: str | None
    created: datetime
    updated: datetime
    links: dict[str, str]


class DatasetView(DatasetLine):
    """A dataset by itself, with its request and how far it is."""

    spec: DatasetSpec
    progress: Progress
    cost: Cost
    max_cost: float | None


class DatasetList(View):
    """A page of datasets, newest first."""

    datasets: tuple[DatasetLine, ...]
    next: str | None


class UrlListView(View):
    """A kept list: `labels` counts the rows that name a label."""

    id: str
    rows: int
    labels: dict[str, int]


def links(dataset: str, api: str) -> dict[str, str]:
    """Where to go from a dataset."""
    base = f"{api}/datasets/{dataset}"
    return {
        "self": base,
        "images": f"{base}/images",
        "exports": f"{base}/exports",
        "versions": f"{base}/versions",
        "cancel": f"{base}/cancel",
    }


def line(document: DatasetHead, api: str) -> DatasetLine:
    """A document as a line of a list."""
    return DatasetLine(**_common(document, api))


def view(document: DatasetDocument, api: str) -> DatasetView:
    """A document with its progress, which is read here."""
    summaries, searches = shards.summaries(document.id), shards.searches(document.id)
    return DatasetView(
        **_common(document, api),
        spec=document.spec,
        progress=progress(document.spec, summaries, searches),
        cost=spent(document.spec, summaries, searches, document.state),
        max_cost=document.max_cost,
    )


def _common(document: DatasetHead, api: str) -> dict[str, object]:
    shown = document.model_dump(include={"id", "name", "state", "stage", "error", "created", "updated"})
    return {**shown, "links": links(document.id, api)}
