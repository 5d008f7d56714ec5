"""What has been done for a dataset, without rows: kept by each process, so that a look asks only for what changed.

A dataset of 100,000 images has some 2,300 shards. The pulse tells whether anything was written, the time of writing
which documents were, and that something was removed is told by the pulse too: then everything is read again.
"""

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass

from shared import pulse, shards
from shared.documents import SearchDocument, ShardDocument
from shared.pulse import Pulse

KEPT_SECONDS = 300.0
"""How long what was read whole is added to."""
MAX_KEPT = 50_000
"""Documents that a process keeps, of all datasets: about 2 KB each."""
_OVERLAP_SECONDS = 10
"""Times of writing are whole seconds, and of the replica that wrote."""


@dataclass(frozen=True)
class Overview:
    """All shards, by label and number, without rows; and all rounds of searching, by label and round."""

    shards: tuple[ShardDocument, ...]
    searches: tuple[SearchDocument, ...]


@dataclass(frozen=True)
class _Kept:
    pulse: Pulse
    newest: int  # Unix time, the database's
    since: float  # this process's clock
    overview: Overview


_kept: OrderedDict[str, _Kept] = OrderedDict()
_lock = threading.Lock()


def look(dataset: str) -> Overview:
    """The dataset's parts as they are now."""
    current = pulse.read(dataset)  # before the parts: they may be newer than it, never older
    if current is None:
        return Overview((), ())
    before = _of(dataset)
    if before is not None and before.pulse == current:
        return before.overview
    if before is None or before.pulse.removed != current.removed:
        before = _Kept(current, 0, time.monotonic(), Overview((), ()))
    found, searched, newest = shards.written_since(dataset, max(before.newest - _OVERLAP_SECONDS, 0))
    known = {one.id: one for one in before.overview.shards} | {one.id: one for one in found}
    rounds = {one.id: one for one in before.overview.searches} | {one.id: one for one in searched}
    after = Overview(
        tuple(sorted(known.values(), key=lambda one: (one.label, one.number))),
        tuple(sorted(rounds.values(), key=lambda one: (one.label, one.round))),
    )
    _keep(dataset, _Kept(current, max(newest, before.newest), before.since, after))
    return after


def _of(dataset: str) -> _Kept | None:
    with _lock:
        found = _kept.get(dataset)
        if found is None or time.monotonic() - found.since > KEPT_SECONDS:
            return None
        _kept.move_to_end(dataset)
        return found


def _keep(dataset: str, found: _Kept) -> None:
    with _lock:
        _kept[dataset] = found
        _kept.move_to_end(dataset)
        while sum(len(one.overview.shards) + len(one.overview.searches) for one in _kept.values()) > MAX_KEPT:
            _kept.popitem(last=False)
