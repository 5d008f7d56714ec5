"""What a tenant may use at most: concurrent builds, images a month, stored bytes. `shared.set_quotas` sets it.

A build reserves its place in one document per tenant that is replaced only if nobody else replaced it. Who is in it is
looked up anew each time, from the datasets' states: a build that ended, failed, was cancelled or deleted, or whose
creation was cut short, has no place, whatever happened to the process that would have given it back.
"""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from shared import usage
from shared.cosmos import container, etag_condition, query
from shared.documents import RUNNING, Document, now
from shared.problems import ProblemError, not_accepting_builds, quota_exceeded, too_many_builds
from shared.settings import settings
from shared.together import Together

BUILDS = "builds"
CREATION_TIME = timedelta(minutes=5)
"""How long a place is kept for a dataset that is not there yet. A request lasts 230 s at most."""
MAX_CONFLICTS = 200
"""Each conflict means that somebody else got in: more than this is not contention but a fault."""

Quota = Literal["concurrent_builds", "images_per_month", "stored_bytes"]


class Quotas(BaseModel):
    """The limits of a tenant."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    concurrent_builds: int = Field(ge=0)
    images_per_month: int = Field(ge=0)
    stored_bytes: int = Field(ge=0)


class Place(BaseModel):
    """What one build has reserved: the most images and bytes that it is expected to bring."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    since: datetime
    images: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """A place that is wanted for the build of a dataset; `size` in bytes."""

    dataset: str
    images: int
    size: int


class Builds(Document):
    """The builds that go on, by dataset, as the last reservation found them. Partition key: `owner`."""

    id: str = BUILDS
    kind: Literal["builds"] = "builds"
    owner: str
    places: dict[str, Place] = Field(default_factory=dict)
    etag: str | None = Field(default=None, alias="_etag", exclude=True)


class Standing(BaseModel):
    """What a tenant uses of each quota. Of images and bytes, `reserved` is what builds that go on may still bring."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    builds: tuple[str, ...]
    images: int
    images_reserved: int
    bytes: int
    bytes_reserved: int
    month: str
    resets: datetime


def limits(tenant: str) -> Quotas:
    """The tenant's limits: those that an operator set, else those of the settings."""
    from azure.cosmos.exceptions import CosmosResourceNotFoundError

    config = settings()
    usual = {
        "concurrent_builds": config.quota_concurrent_builds,
        "images_per_month": config.quota_images_per_month,
        "stored_bytes": config.quota_stored_bytes,
    }
    tenant_id = _tenant_id(tenant)
    try:
        found = container("principals").read_item(tenant_id, tenant_id).get("quotas", {})
    except CosmosResourceNotFoundError:
        found = {}
    return Quotas.model_validate(usual | {name: value for name, value in found.items() if name in usual})


def set_limits(tenant: str, changes: Mapping[Quota, int | None]) -> Quotas:
    """Set some of a tenant's limits, None: as in the settings again. What else is noted of the tenant stays."""
    from azure.cosmos.exceptions import (
        CosmosAccessConditionFailedError,
        CosmosResourceExistsError,
        CosmosResourceNotFoundError,
    )

    tenant_id = _tenant_id(tenant)
    principals = container("principals")
    for _ in range(MAX_CONFLICTS):
        try:
            found: dict[str, Any] | None = dict(principals.read_item(tenant_id, tenant_id))
        except CosmosResourceNotFoundError:
            found = None
        item = found or {"id": tenant_id, "kind": "tenant", "tenant": tenant}
        merged = {**item.get("quotas", {}), **changes}
        item["quotas"] = {name: value for name, value in merged.items() if value is not None}
        try:
            if found is None:
                principals.create_item(item)
            else:
                principals.replace_item(tenant_id, item, **etag_condition(found["_etag"]))
        except (CosmosAccessConditionFailedError, CosmosResourceExistsError):
            continue
        return limits(tenant)
    raise RuntimeError(_contention(tenant))


def standing(tenant: str) -> Standing:
    """What the tenant uses now."""
    places = _current(_read(tenant))
    moment = now()
    month = usage.month_of(moment)
    images, size = usage.used(tenant, month)
    return Standing(
        builds=tuple(sorted(places)),
        images=images,
        images_reserved=sum(place.images for place in places.values()),
        bytes=size,
        bytes_reserved=sum(place.bytes for place in places.values()),
        month=month,
        resets=usage.next_month(moment),
    )


def check(tenant: str, *, images: int, size: int) -> None:
    """Whether `reserve` would find a place now; `ProblemError` as there. Nothing is reserved."""
    places = _current(_read(tenant))
    _Room.of(tenant).check(places, Place(since=now(), images=images, bytes=size))


def check_stored(tenant: str, size: int) -> None:
    """Whether so many bytes more may be stored; `ProblemError` 403. Nothing is reserved."""
    places = _current(_read(tenant))
    _Room.of(tenant).check_bytes(places, size)


def reserve(tenant: str, dataset: str, *, images: int, size: int) -> None:
    """Reserve a place for the build of this dataset; it has `CREATION_TIME` to come into being.

    images: how many it is to have. size: bytes that it is expected to take up. `ProblemError` 429 when too many builds
    go on, 403 when the month's images or the stored bytes would not suffice, 503 when no builds are begun at all.
    """
    _check_open()
    (refusal,) = _reserve_all(tenant, [Wanted(dataset, images, size)])
    if refusal is not None:
        raise refusal


async def reserve_soon(tenant: str, dataset: str, *, images: int, size: int) -> None:
    """As `reserve`, together with whatever else of this tenant is to be reserved in this process now.

    The tenant's builds are one document: side by side, each would find it changed by another, and begin again.
    """
    _check_open()
    await _together.do(tenant, Wanted(dataset, images, size))


def _check_open() -> None:
    """`ProblemError` 503 while an operator lets nothing new be built."""
    if not settings().accept_builds:
        raise not_accepting_builds()


def _reserve_all(tenant: str, wanted: Sequence[Wanted]) -> list[ProblemError | None]:
    """Reserve what there is room for, in this order; of each, why not."""
    refusals: list[ProblemError | None] = []

    def add(places: dict[str, Place]) -> dict[str, Place] | None:
        refusals[:] = [None] * len(wanted)
        room, added = _Room.of(tenant), dict(places)
        for index, one in enumerate(wanted):
            place = Place(since=now(), images=one.images, bytes=one.size)
            try:
                room.check({key: other for key, other in added.items() if key != one.dataset}, place)
            except ProblemError as refusal:
                refusals[index] = refusal
            else:
                added[one.dataset] = place
        return None if all(refusals) else added

    _change(tenant, add)
    return refusals


_together = Together(_reserve_all)


def release(tenant: str, dataset: str) -> None:
    """Give a place back at once: the dataset was not made after all, or is gone."""
    if dataset in _read(tenant).places:
        _change(tenant, lambda places: {key: one for key, one in places.items() if key != dataset})


def _change(tenant: str, edit: Callable[[dict[str, Place]], dict[str, Place] | None]) -> None:
    """Replace the places by what `edit` makes of the current ones, again if somebody was faster; None leaves them."""
    from azure.cosmos.exceptions import CosmosAccessConditionFailedError, CosmosResourceExistsError

    for attempt in range(MAX_CONFLICTS):
        document = _read(tenant)
        places = edit(_current(document))
        if places is None:
            return
        changed = document.model_copy(update={"places": places})
        try:
            if document.etag is None:
                container(usage.NAME).create_item(changed.item())
            else:
                container(usage.NAME).replace_item(document.id, changed.item(), **etag_condition(document.etag))
        except (CosmosAccessConditionFailedError, CosmosResourceExistsError):
            time.sleep(random.uniform(0, min(0.002 * 2**attempt, 0.1)))  # noqa: S311 (to part those that collide)
            continue
        return
    raise RuntimeError(_contention(tenant))


def _read(tenant: str) -> Builds:
    from azure.cosmos.exceptions import CosmosResourceNotFoundError

    try:
        return Builds.model_validate(container(usage.NAME).read_item(BUILDS, tenant))
    except CosmosResourceNotFoundError:
        return Builds(owner=tenant)


def _current(document: Builds) -> dict[str, Place]:
    """Who has a place by the datasets' own states, as they are after the document was read."""
    where = "ARRAY_CONTAINS(@running, c.state) OR ARRAY_CONTAINS(@listed, c.id)"
    sql = f"SELECT c.id, c.state, c.created FROM c WHERE {where}"  # noqa: S608 (no outside text in it)
    parameters = {"running": sorted(RUNNING), "listed": sorted(document.places)}
    found = {one["id"]: one for one in query("datasets", sql, parameters, document.owner)}
    places = {
        key: place
        for key, place in document.places.items()
        if (found[key]["state"] in RUNNING if key in found else now() - place.since < CREATION_TIME)
    }
    # A build that goes on once more (its files were lost, or it was continued) has no reservation of its own.
    others = {
        key: Place(since=one["created"]) for key, one in found.items() if key not in places and one["state"] in RUNNING
    }
    return places | others


@dataclass(frozen=True, slots=True)
class _Room:
    """A tenant's limits, and what it used of them without what is reserved.

    To be looked up after the places: the images and bytes of a build that just ended may then be counted and reserved
    at once, but never neither.
    """

    limit: Quotas
    images: int
    bytes: int
    resets: datetime

    @classmethod
    def of(cls, tenant: str) -> Self:
        moment = now()
        images, size = usage.used(tenant, usage.month_of(moment))
        return cls(limits(tenant), images, size, usage.next_month(moment))

    def check(self, places: Mapping[str, Place], wanted: Place) -> None:
        """`ProblemError` when there is none beside these places."""
        limit = self.limit
        if len(places) >= limit.concurrent_builds:
            raise too_many_builds(len(places), limit.concurrent_builds)
        images = self.images + sum(place.images for place in places.values())
        if images + wanted.images > limit.images_per_month:
            raise quota_exceeded("images_per_month", images, limit.images_per_month, wanted.images, self.resets)
        self.check_bytes(places, wanted.bytes)

    def check_bytes(self, places: Mapping[str, Place], wanted: int) -> None:
        """`ProblemError` when so many bytes are too many beside what these places may bring."""
        size = self.bytes + sum(place.bytes for place in places.values())
        if size + wanted > self.limit.stored_bytes:
            raise quota_exceeded("stored_bytes", size, self.limit.stored_bytes, wanted, None)


def _tenant_id(tenant: str) -> str:
    return f"tenant:{tenant}"


def _contention(tenant: str) -> str:
    return f"the quotas of tenant {tenant} changed {MAX_CONFLICTS} times while they were being changed"
