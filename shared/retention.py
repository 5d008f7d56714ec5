"""How long datasets are kept after their build has ended, and what becomes of them then."""

from datetime import datetime, timedelta

from pydantic import Field

from builder.spec import Model
from shared import datasets
from shared.documents import FINAL, DatasetHead, Retention, Then
from shared.settings import settings


class RetentionRequest(Model):
    """How long a dataset is to be kept: `days` after its end, or for ever (null); and what becomes of it then."""

    days: int | None = Field(ge=1, le=36_500)
    then: Then = "delete"


def retention_of(head: DatasetHead) -> Retention:
    """What the dataset says, else what the settings say."""
    if head.retention is not None:
        return head.retention
    config = settings()
    return Retention(days=config.retention_days, then=config.retention_then)


def expires(head: DatasetHead) -> datetime | None:
    """When something becomes of the dataset; None if never, not before its build has ended, or when it was done."""
    days = retention_of(head).days
    if days is None or head.ended is None or head.state not in FINAL or head.cooled is not None:
        return None
    return head.ended + timedelta(days=days)


def is_due(head: DatasetHead, at: datetime) -> bool:
    """Whether the dataset's time is over."""
    end = expires(head)
    return end is not None and end <= at


def due(at: datetime) -> list[DatasetHead]:
    """Every owner's datasets whose time is over."""
    return [head for head in datasets.in_states(tuple(sorted(FINAL))) if is_due(head, at)]
