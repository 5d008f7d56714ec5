"""How 64-bit hashes are cut into bands, so that close ones (nearly) share one: pigeonhole, and what a cut costs."""

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

BITS = 64
WIDEST = 22
"""Bits of a band at most: a table with an entry for each of its values is made."""

_SPREAD = 37
"""Bands take every 37th bit. Neighbours in a hash are alike (rows of a dHash above all), so a band of neighbours has
fewer values than it could have: 1.3 times as many pairs of real dHashes share 17 bits chosen like this as would by
chance, 6 times as many 17 bits in a row."""

_CONSTANT = 0.01
"""A bit that is set in less than this share of hashes, or in all but so many, tells nothing apart: no band has it. The
highest of a pHash is one."""

_SAMPLE = 10_000

_MOST_BANDS = 17
_MUCH_WIDER = 5
_FEW = 7
"""Hashes whose number has so few bits are all compared with all: no cut is faster."""

# What it takes on one core, nanoseconds. Only their ratios matter.
_SORTING = 50.0  # a hash, by a band
_ENTRY = 4.0  # an entry of a band's table
_CALLS = 20_000.0  # a flip, whatever it finds
_LOOKUP = 5.0  # a bucket, for another that differs by a flip
_MEETING = 40.0  # two buckets found
_GATHERING = 3.0  # a hash, for two buckets found
_COMPARING = 1.5  # two hashes


@dataclass(frozen=True, slots=True)
class Band:
    """Bits `low` to before `low + width` of a hash; close hashes differ in at most `bits` of one band of a cut."""

    low: int
    width: int
    bits: int

    def of(self, hashes: NDArray[np.uint64]) -> NDArray[np.int64]:
        """The values of the band, shape like `hashes`."""
        return ((hashes >> np.uint64(self.low)) & np.uint64((1 << self.width) - 1)).astype(np.int64)


def arranged(hashes: NDArray[np.uint64]) -> tuple[NDArray[np.uint64], int]:
    """The same hashes with their bits in another order, in which those that tell hashes apart come first and neighbours
    are far from each other; and how many bits tell."""
    sample = hashes[:: max(1, len(hashes) // _SAMPLE)]
    share = [float(((sample >> np.uint64(bit)) & np.uint64(1)).mean()) for bit in range(BITS)]
    order = [_SPREAD * place % BITS for place in range(BITS)]
    telling = [bit for bit in order if _CONSTANT < share[bit] < 1 - _CONSTANT]
    result = np.zeros_like(hashes)
    for place, bit in enumerate([*telling, *(bit for bit in order if bit not in telling)]):
        result |= ((hashes >> np.uint64(bit)) & np.uint64(1)) << np.uint64(place)
    return result, len(telling)


def cut(count: int, radius: int, bits: int = BITS) -> tuple[Band, ...]:
    """Bands of the lowest `bits` bits of `count` hashes such that any two that differ in at most `radius` bits differ
    in at most `Band.bits` of one band, with as little to do as this module knows how, if hashes are random.

    The bits that bands may differ in, plus one each, sum to `radius + 1`: were every band to differ in more, hashes
    would differ in more than `radius` (Norouzi et al., Fast Exact Search in Hamming Space with Multi-Index Hashing,
    2014; Qin et al., GPH, 2018). Bands that may differ in more are wider. For few hashes one band without a bit is
    best, which is to compare everything with everything.
    """
    return _cut(count.bit_length(), radius, bits)


@lru_cache(maxsize=256)
def _cut(magnitude: int, radius: int, available: int) -> tuple[Band, ...]:
    """Counts of the same magnitude are cut alike."""
    count = 3 << magnitude >> 2
    costs: dict[tuple[int, int], float] = {}

    def cost(width: int, bits: int) -> float:
        if (width, bits) not in costs:
            costs[width, bits] = _cost(count, width, bits)
        return costs[width, bits]

    best: tuple[tuple[int, int], ...] = ((0, radius),)
    least = cost(0, radius)
    for number in range(1, min(radius + 1, _MOST_BANDS) + 1 if magnitude > _FEW else 1):
        each, more = divmod(radius + 1 - number, number)
        rest = number - more
        for narrow, wider in product(range(WIDEST + 1), range(_MUCH_WIDER + 1 if more else 1)):
            wide = min(narrow + wider, WIDEST)
            total = min(available - more * wide, rest * narrow)
            if total < 0:
                continue
            widths = [total * (k + 1) // rest - total * k // rest for k in range(rest)]
            shares = (*((wide, each + 1) for _ in range(more)), *((width, each) for width in widths))
            work = sum(cost(*share) for share in shares)
            if work < least:
                best, least = shares, work
    lows = [sum(width for width, _ in best[:k]) for k in range(len(best))]
    return tuple(Band(low, width, bits) for low, (width, bits) in zip(lows, best, strict=True))


def _cost(count: int, width: int, bits: int) -> float:
    values = 2.0**width
    used = -values * math.expm1(-count / values)
    flips = sum(math.comb(width, k) for k in range(min(width, bits) + 1))
    meetings = used * used / values * flips / 2
    return (
        _SORTING * count
        + _ENTRY * values
        + flips * (_CALLS + _LOOKUP * used / 2)
        + meetings * (_MEETING + _GATHERING * 2 * count / used)
        + _COMPARING * count * count / values * flips / 2
    )
