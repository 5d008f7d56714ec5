"""Which of a tenant's images show the same picture: the hashes of its datasets, held for some time, and their
distances."""

import threading
from array import array
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydantic import Field

from shared.cosmos import container, query
from shared.documents import DatasetHead
from shared.progress import View

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_DATASETS = 200
MAX_IMAGES = 100_000
"""Looked through for one image, of the newest datasets first."""
MAX_HELD = 500_000
"""Images whose hashes a process holds: about 100 bytes each."""
MAX_FOUND = 100
PAGE = 5_000
"""Images to a page of the database's answer: most of the time goes into asking for pages."""

_HEADS = "SELECT c.id, c.owner, c.name, c.state, c.created, c.updated, c.revision FROM c WHERE c.state != 'deleting'"
_HASHES = (
    "SELECT i.key, i.sha256, i.source_sha256, i.phash FROM c JOIN i IN c.images "
    "WHERE c.kind = 'rows' AND i.verdict = 'accepted'"
)
_COUNTS = "SELECT VALUE c.counts.accepted FROM c WHERE c.kind = 'shard'"


class Similar(View):
    """An image that shows the same picture. `distance`: bits of 64 in which the pHashes differ."""

    dataset: str
    name: str
    key: str
    exact: bool
    distance: int | None


class Searched(View):
    """What was looked through. `complete` is false when there was more than is looked through for one image."""

    datasets: int
    images: int
    complete: bool = Field(description="whether these are all images of the tenant's datasets")


@dataclass
class _Hashes:
    """One dataset's images: keys, pHashes, and the first 64 bits of both SHA-256."""

    keys: list[str] = field(default_factory=list)
    phash: "array[int]" = field(default_factory=lambda: array("Q"))
    known: "array[int]" = field(default_factory=lambda: array("B"))
    stored: list[str] = field(default_factory=list)
    served: list[str] = field(default_factory=list)


_held: OrderedDict[tuple[str, str], _Hashes] = OrderedDict()
_lock = threading.Lock()


def similar(owner: str, sha256: str, phash: str | None, radius: int) -> tuple[tuple[Similar, ...], Searched]:
    """Images with these bytes (as served or as stored) or a pHash at most `radius` bits away, nearest first, a hundred
    at most. Looks through the owner's newest datasets, up to the bounds above."""
    found: list[Similar] = []
    images = datasets = 0
    complete = True
    heads = sorted(_heads(owner), key=lambda head: head.created, reverse=True)
    for head in heads:
        if datasets == MAX_DATASETS or images >= MAX_IMAGES:
            complete = False
            break
        hashes = _of(head, MAX_IMAGES - images)
        if hashes is None:
            complete = False
            continue
        datasets += 1
        images += len(hashes.keys)
        found += _near(head, hashes, sha256, phash, radius)
    found.sort(key=lambda one: (not one.exact, one.distance if one.distance is not None else 64, one.dataset, one.key))
    return tuple(found[:MAX_FOUND]), Searched(datasets=datasets, images=images, complete=complete)


def _heads(owner: str) -> list[DatasetHead]:
    return [DatasetHead.model_validate(item) for item in query("datasets", _HEADS, {}, owner)]


def _of(head: DatasetHead, most: int) -> _Hashes | None:
    """The hashes of a dataset, None when it has more than `most` images. Those of a dataset at rest are held."""
    place = (head.id, head.updated.isoformat())
    with _lock:
        if place in _held:
            _held.move_to_end(place)
            return _held[place] if len(_held[place].keys) <= most else None
    if sum(query("shards", _COUNTS, {}, head.id)) > most:  # type: ignore[arg-type]  # VALUE gives numbers
        return None
    hashes = _Hashes()
    for item in container("shards").query_items(_HASHES, partition_key=head.id, max_item_count=PAGE):
        hashes.keys.append(item["key"])
        hashes.phash.append(int(item.get("phash") or "0", 16))
        hashes.known.append(bool(item.get("phash")))
        hashes.stored.append(item.get("sha256") or "")
        hashes.served.append(item.get("source_sha256") or "")
    if head.state in ("ready", "incomplete"):
        _hold(place, hashes)
    return hashes


def _hold(place: tuple[str, str], hashes: _Hashes) -> None:
    with _lock:
        for other in [one for one in _held if one[0] == place[0]]:
            del _held[other]
        _held[place] = hashes
        while sum(len(one.keys) for one in _held.values()) > MAX_HELD:
            _held.popitem(last=False)


def _near(head: DatasetHead, hashes: _Hashes, sha256: str, phash: str | None, radius: int) -> list[Similar]:
    import numpy as np

    exact = {place for place, digest in enumerate(hashes.stored) if digest == sha256}
    exact |= {place for place, digest in enumerate(hashes.served) if digest == sha256}
    distances: NDArray[np.uint8] | None = None
    near: set[int] = set()
    if phash is not None and hashes.keys:
        distances = np.bitwise_count(np.array(hashes.phash, dtype=np.uint64) ^ np.uint64(int(phash, 16)))
        known = np.array(hashes.known, dtype=bool)
        near = set(np.flatnonzero(known & (distances <= radius)).tolist())
    return [
        Similar(
            dataset=head.id,
            name=head.name,
            key=hashes.keys[place],
            exact=place in exact,
            distance=int(distances[place]) if distances is not None and hashes.known[place] else None,
        )
        for place in sorted(exact | near)
    ]
