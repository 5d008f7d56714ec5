"""What the API answers with, made from documents."""

import hashlib
import json
from datetime import datetime
from functools import cache

from pydantic import Field

from builder.spec import DatasetSpec
from shared import overview
from shared.costs import Cost
from shared.documents import DatasetDocument, DatasetHead, Retention, Stage, State
from shared.progress import Progress, View, progress
from shared.retention import expires, retention_of
from shared.settings import settings
from shared.spending import spent


class DatasetLine(View):
    """A dataset in a list."""

    id: str
    name: str
    state: State = Field(description="ready, incomplete, failed and cancelled are final")
    stage: Stage | None = Field(description="of the build, while it goes on")
    error: str | None = Field(description="why it failed, or has less than was asked for")
    created: datetime
    updated: datetime
    expires: datetime | None = Field(description="when its retention takes effect; none: never, or not known yet")
    links: dict[str, str] = Field(description="where to go from here, by what is there")


class DatasetView(DatasetLine):
    """A dataset by itself, with its request and how far it is."""

    spec: DatasetSpec = Field(description="what was asked for, with all defaults")
    retention: Retention = Field(description="how long it is kept after its end, and what becomes of it then")
    progress: Progress = Field(description="how far it is")
    cost: Cost = Field(description="what it has cost so far")
    max_cost: float | None = Field(description="collecting stops before it would cost more")


class DatasetList(View):
    """A page of datasets, newest first."""

    datasets: tuple[DatasetLine, ...]
    next: str | None = Field(description="`cursor` of the next page; null on the last")


def dataset_tag(document: DatasetDocument, parts: str) -> str:
    """The entity tag of a dataset's `DatasetView`; `parts` is `pulse.version`, read before the view is made."""
    return tag(DatasetView, document.model_dump_json(exclude=_UNSEEN), parts)


def tag(view: type[View], *versions: str) -> str:
    """A strong entity tag of what is answered as `view`, made of the versions of what it is made from.

    Settings that answers depend on are versions too, and so is the form of the answer, which a release may change.
    """
    config = settings()
    of_settings = f"{config.prices.model_dump_json()} {config.retention_days} {config.retention_then}"
    told = json.dumps([_form(view), of_settings, *versions])
    return f'"{hashlib.sha256(told.encode()).hexdigest()[:32]}"'


@cache
def _form(view: type[View]) -> str:
    return json.dumps(view.model_json_schema(), sort_keys=True)


_UNSEEN = {"settled", "notified", "work", "revision", "refreshes", "restarts", "merge"}
"""Of a dataset's document, what no view of it depends on: nobody's If-Match fails for it."""


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
    found = overview.look(document.id)
    return DatasetView(
        **_common(document, api),
        spec=document.spec,
        retention=retention_of(document),
        progress=progress(document.spec, found.shards, found.searches),
        cost=spent(document.spec, found.shards, found.searches, document.state),
        max_cost=document.max_cost,
    )


def _common(document: DatasetHead, api: str) -> dict[str, object]:
    shown = document.model_dump(include={"id", "name", "state", "stage", "error", "created", "updated"})
    return {**shown, "expires": expires(document), "links": links(document.id, api)}
