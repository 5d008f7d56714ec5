"""Request units: a model of what the service charges, told in `x-ms-request-charge` as the service tells it.

By size, and 0.2 for each index term that a write adds or removes, as Microsoft's page on consumption of 2026-04-21 has
it: https://learn.microsoft.com/azure/cosmos-db/understand-request-unit-consumption (one region, session consistency).
Between the sizes of its table it is linear here. A replacement is a deletion and an insertion.

Of queries that page gives no figures. Here a page costs 2, and the documents that it loads cost as if each was read:
3 for one of 1 KB, which is what https://learn.microsoft.com/training/modules/monitor-and-scale-cosmos-db/ measured.
Loaded is what the conditions leave where all of them are on indexed paths, and every document of the partition where
one is not. Requests that are refused (not found, conflict, precondition) cost 1. Real charges differ: measure them.
"""

from bisect import bisect_left
from collections.abc import Set as AbstractSet

from local.cosmos.indexing import Term

_KB = 1024
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048)  # KB
_READS = (1.0, 1.04, 1.14, 1.33, 1.67, 2.19, 4.76, 9.95, 20.28, 40.95, 145.9, 291.8)
_WRITES = (4.95, 6.29, 6.67, 7.04, 9.52, 11.23, 22.67, 48.19, 98.29, 184.57, 625.0, 1250.0)
_TERM, _PATCHED = 0.2, 0.4

QUERY_PAGE = 2.0
REFUSED = 1.0


def read(size: int) -> float:
    """Reading a document of so many bytes."""
    return _between(size, _READS)


def create(size: int, terms: int) -> float:
    """Writing a document that was not there; deleting one costs the same."""
    return _between(size, _WRITES) + _TERM * terms


def replace(before: int, after: int, old: AbstractSet[Term], new: AbstractSet[Term]) -> float:
    """Writing a document (sizes in bytes) in the place of another: only terms that change count."""
    return _between(before, _WRITES) + _between(after, _WRITES) + _TERM * len(old ^ new)


def patched(operations: int) -> float:
    """What a patch of so many operations costs beside the replacement that it is."""
    return _PATCHED * operations


def header(charge: float) -> dict[str, str]:
    """As the service tells it."""
    return {"x-ms-request-charge": f"{charge:.2f}"}


def _between(size: int, charges: tuple[float, ...]) -> float:
    kilobytes = size / _KB
    right = min(bisect_left(_SIZES, kilobytes), len(_SIZES) - 1)
    if right == 0:
        return charges[0]
    left = right - 1
    share = (kilobytes - _SIZES[left]) / (_SIZES[right] - _SIZES[left])
    return charges[left] + share * (charges[right] - charges[left])
