"""The pulse of a dataset: one small item beside its shards and searches that is written whenever one of them is.

Its etag is a version of all of them, which costs one point read, however many they are.
"""

import random
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal

from shared import cosmos
from shared.cosmos import container

_SHARDS = "shards"
PULSE = "pulse"
_MISSING, _TAKEN, _CHANGED = 404, 409, 412
_BUSY = 449
"""Another transaction is at the same item: to be tried again."""
_PAUSE_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Pulse:
    """`etag` is another one after every write, `removed` another one after every removal."""

    etag: str
    removed: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One of a transaction; `etag`: of what is to be replaced."""

    kind: Literal["create", "upsert", "replace", "delete", "patch"]
    arguments: tuple[Any, ...]
    etag: str | None = None

    def sent(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        """As the SDK takes it, which empties the last part."""
        return self.kind, self.arguments, {"if_match_etag": self.etag} if self.etag else {}


class Outcome(Enum):
    """What became of a transaction. Refused: something was not there, there already, or changed since it was read."""

    DONE = "done"
    REFUSED = "refused"


def read(dataset: str) -> Pulse | None:
    """The pulse as it is, None before the first write."""
    item = cosmos.read(_SHARDS, PULSE, dataset)
    return None if item is None else Pulse(str(item["_etag"]), str(item["removed"]))


def version(dataset: str) -> str:
    """Another text whenever a shard or search was written or removed since; empty before the first."""
    found = read(dataset)
    return "" if found is None else found.etag


def write(dataset: str, *operations: Operation) -> Outcome:
    """Do all of them and give the pulse another etag, or nothing."""
    removes = any(one.kind == "delete" for one in operations)
    last = len(operations)  # the place of the pulse
    for tried in range(cosmos.MAX_CONFLICTS):
        failed = _execute(dataset, (*operations, _beat(removes=removes)))
        if failed == (last, _MISSING):  # nothing was written yet
            failed = _execute(dataset, (*operations, _first(dataset)))
        if failed is None:
            return Outcome.DONE
        place, status = failed
        if status != _BUSY and place != last:
            return Outcome.REFUSED
        time.sleep(random.uniform(0, _PAUSE_SECONDS * tried))  # noqa: S311 (no secret)
    msg = f"others were faster {cosmos.MAX_CONFLICTS} times in writing the pulse of dataset {dataset}"
    raise RuntimeError(msg)


def _beat(*, removes: bool) -> Operation:
    changes: list[dict[str, object]] = [{"op": "incr", "path": "/beats", "value": 1}]
    if removes:
        changes.append({"op": "set", "path": "/removed", "value": uuid.uuid4().hex})
    return Operation("patch", (PULSE, changes))


def _first(dataset: str) -> Operation:
    return Operation(
        "create", ({"id": PULSE, "kind": PULSE, "dataset": dataset, "beats": 1, "removed": uuid.uuid4().hex},)
    )


def _execute(dataset: str, operations: Sequence[Operation]) -> tuple[int, int] | None:
    """The place and the status of the operation that was refused, None when all are done."""
    from azure.cosmos.exceptions import CosmosBatchOperationError

    try:
        container(_SHARDS).execute_item_batch([one.sent() for one in operations], dataset)
    except CosmosBatchOperationError as error:
        status = int(error.operation_responses[error.error_index]["statusCode"])
        if status not in {_MISSING, _TAKEN, _CHANGED, _BUSY}:
            raise
        return int(error.error_index), status
    return None
