"""One build on the stack, and all that was counted while it went on."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from bench.api.stack import Stack
from bench.cost import counted, pictures
from bench.cost.counted import Counted
from bench.errors import BenchError
from builder.remote.client import Client
from builder.spec import DatasetSpec, LabelSpec

LABELS = 4
_URLS_AN_IMAGE = 2.2
_LOOK_SECONDS, _LONGEST_SECONDS = 3.0, 1_800.0
_SETTLE_SECONDS = 31.0
"""A dataset is looked at once more so long after its end (`shared.steps.settle`)."""
_TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Run:
    """A build: what it gave and what it took. `look_units`: request units of asking for its state for the first
    time, at its end; `again_units`: of asking once more."""

    images: int
    candidates: int
    counted: Counted
    look_units: float
    again_units: float
    stored_bytes: int
    log_lines: int
    log_bytes: int
    wall_seconds: float

    @property
    def shards(self) -> float:
        """Raw shards that were fetched and validated."""
        return self.counted.invocations.get("validate_raw_shard", 0.0)

    @property
    def actions(self) -> float:
        """Durable actions of all kinds."""
        return sum(self.counted.actions.values())


def run(stack: Stack, site: str, log: Path, images: int) -> Run:
    """Build a dataset of so many images; BenchError if it comes out otherwise.

    Nobody asks how far it is: what a look costs is measured after the end.
    """
    base = stack.api.removesuffix("/api/v1")
    client = Client(stack.api, stack.key, proxies=False)
    each = images // LABELS
    names = tuple(f"thing {label}" for label in range(LABELS))
    rows = [
        ",".join((*one, name))
        for label, name in enumerate(names)
        for one in pictures.listed(site, images * 10 + label, round(each * _URLS_AN_IMAGE))
    ]
    spec = DatasetSpec(
        name=f"{images} images",
        labels=tuple(LabelSpec(name=name) for name in names),
        images_per_label=each,
        sources=("urls",),
        url_list=_uploaded(stack, "\n".join(["url,page_url,title,label", *rows])),
    )
    stored, size, lines = _stored(stack), log.stat().st_size, _lines(log)
    before, started = counted.look(base), time.monotonic()
    dataset = client.create(spec).id
    ended = _wait(client, dataset)
    wall = time.monotonic() - started
    time.sleep(_SETTLE_SECONDS)
    _by_hand(base, "reconcile")
    after = counted.look(base)
    found = client.dataset(dataset)
    looked = counted.look(base)
    client.dataset(dataset)
    again = counted.look(base).since(looked).units.get("request_unit", 0.0)
    if found.state != "ready":
        msg = f"the build of {images} images came out {ended}: {found.error}"
        raise BenchError(msg)
    return Run(
        images=sum(label.accepted for label in found.progress.labels),
        candidates=sum(label.found for label in found.progress.labels),
        counted=after.since(before),
        look_units=looked.since(after).units.get("request_unit", 0.0),
        again_units=again,
        stored_bytes=_stored(stack) - stored,
        log_lines=_lines(log) - lines,
        log_bytes=log.stat().st_size - size,
        wall_seconds=wall,
    )


def _uploaded(stack: Stack, text: str) -> str:
    """The id of this list: addresses in the request itself would make its document larger than those of searches."""
    headers = {"Authorization": f"Bearer {stack.key}", "Content-Type": "text/csv"}
    answer = requests.post(f"{stack.api}/url-lists", data=text.encode(), headers=headers, timeout=_TIMEOUT_SECONDS)
    answer.raise_for_status()
    return str(answer.json()["id"])


def _wait(client: Client, dataset: str) -> str:
    """The state it ended in. The list is asked, which reads none of its shards."""
    end = time.monotonic() + _LONGEST_SECONDS
    while time.monotonic() < end:
        state = next(one.state for one in client.list() if one.id == dataset)
        if state not in {"queued", "building"}:
            return state
        time.sleep(_LOOK_SECONDS)
    msg = f"the build did not end in {_LONGEST_SECONDS:.0f} s: the stack's log says why"
    raise BenchError(msg)


def _by_hand(base: str, function: str) -> None:
    """Run a timer's function, and wait until it has run."""
    before = counted.look(base).invocations.get(function, 0.0)
    answer = requests.post(f"{base}/admin/functions/{function}", json={}, timeout=_TIMEOUT_SECONDS)
    answer.raise_for_status()
    end = time.monotonic() + _TIMEOUT_SECONDS
    while counted.look(base).invocations.get(function, 0.0) == before:
        if time.monotonic() > end:
            msg = f"{function} did not run within {_TIMEOUT_SECONDS:.0f} s: the stack's log says why"
            raise BenchError(msg)
        time.sleep(_LOOK_SECONDS)


def _stored(stack: Stack) -> int:
    answer = requests.get(
        f"{stack.api}/usage", headers={"Authorization": f"Bearer {stack.key}"}, timeout=_TIMEOUT_SECONDS
    )
    answer.raise_for_status()
    told: dict[str, Any] = answer.json()
    return int(told["quotas"]["stored_bytes"]["used"])


def _lines(log: Path) -> int:
    with log.open("rb") as file:
        return sum(1 for _ in file)
