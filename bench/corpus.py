"""The corpus: thousands of distinct JPEGs made from few photographs, the same ones every time, kept in a folder."""

import hashlib
import json
import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from itertools import repeat
from pathlib import Path

import numpy as np
import PIL

from bench.crops import RECIPE, Cutter
from bench.errors import BenchError
from builder import hashes

RADIUS = 8
"""Bits within which two pictures count as near-duplicates: the builder's default."""

_MARGIN = 2
"""The builder takes its hash from another scale of the picture, which may change some bits."""

_MOST_PER_PHOTOGRAPH = 4_000
_WORTH_A_PROCESS = 64
"""Pictures, below which starting processes takes longer than making them."""

_INDEX = "index.jsonl"


@dataclass(frozen=True, slots=True)
class Picture:
    """One file of the corpus: its path below the corpus's folder, size in bytes, pHash."""

    name: str
    size: int
    phash: int


@dataclass(frozen=True, slots=True)
class CorpusStatistics:
    """What the corpus is like. `near_duplicates` counts pictures that have another within RADIUS bits."""

    photographs: int
    pictures: int
    mean_bytes: float
    median_bytes: float
    largest_bytes: int
    near_duplicates: int
    discarded: int


@dataclass(frozen=True, slots=True)
class Corpus:
    """Pictures in a folder; the first n are the corpus of size n."""

    folder: Path
    pictures: tuple[Picture, ...]
    statistics: CorpusStatistics


def make_corpus(photographs: Sequence[Path], count: int, folder: Path) -> Corpus:
    """Make (or find, from an earlier run) `count` pictures that are no near-duplicates of each other, below `folder`.

    Picture k of every photograph comes before picture k+1 of any, and a picture is left out when an earlier one that
    is kept is within RADIUS bits (and a margin): so a smaller corpus is the beginning of a larger one. Raises
    BenchError when the photographs do not give that many.
    """
    root = folder / _name(photographs)
    each = -(-count * 11 // (10 * len(photographs)))
    while True:
        found = _cut_all(photographs, each, root)
        kept = distinct([picture.phash for picture in found], RADIUS + _MARGIN)
        if len(kept) >= count:
            break
        if each >= _MOST_PER_PHOTOGRAPH:
            msg = f"{len(photographs)} photographs give only {len(kept)} distinct pictures, not {count}: name more"
            raise BenchError(msg)
        each = min(_MOST_PER_PHOTOGRAPH, -(-each * 5 // 4))
    pictures = tuple(found[position] for position in kept[:count])
    return Corpus(root, pictures, _statistics(len(photographs), pictures, kept[count - 1] + 1 - count))


def distinct(phashes: Sequence[int], radius: int) -> list[int]:
    """Positions of the hashes that have no kept one before them within `radius` bits."""
    earlier: dict[int, list[int]] = {}
    for left, right in hashes.close_pairs(np.array(phashes, dtype=np.uint64), radius):
        for first, second in zip(left.tolist(), right.tolist(), strict=True):
            earlier.setdefault(second, []).append(first)
    dropped: set[int] = set()
    for position in sorted(earlier):
        if not dropped.issuperset(earlier[position]):
            dropped.add(position)
    return [position for position in range(len(phashes)) if position not in dropped]


def _name(photographs: Sequence[Path]) -> str:
    """A name for what decides about the pictures' bytes: the photographs, the recipe, the encoder."""
    digest = hashlib.sha256(f"{RECIPE} {PIL.__version__}".encode())
    for path in photographs:
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:12]


def _cut_all(photographs: Sequence[Path], each: int, root: Path) -> list[Picture]:
    """Pictures 0..each-1 of every photograph, by number first."""
    names = [f"{position:03}" for position in range(len(photographs))]
    missing = sum(max(0, each - len(_made(root / name))) for name in names)
    if missing < _WORTH_A_PROCESS:
        columns = [_cut(path, root, name, each) for path, name in zip(photographs, names, strict=True)]
    else:
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(os.process_cpu_count(), mp_context=context) as pool:
            columns = list(pool.map(_cut, photographs, repeat(root), names, repeat(each)))
    return [column[number] for number in range(each) for column in columns]


def _cut(photograph: Path, root: Path, name: str, each: int) -> list[Picture]:
    """The first `each` pictures of one photograph; only those that are not there yet are made."""
    have = _made(root / name)
    if len(have) < each:
        cutter = Cutter(photograph)
        index = root / name / _INDEX
        index.parent.mkdir(parents=True, exist_ok=True)
        for number in range(len(have), each):
            crop = cutter.cut(number)
            picture = Picture(f"{name}/{number:04}.jpg", len(crop.data), crop.phash)
            (root / picture.name).write_bytes(crop.data)
            have.append(picture)
        partial = index.with_suffix(".partial")
        partial.write_text("".join(f"{json.dumps(asdict(picture))}\n" for picture in have))
        partial.replace(index)
    return have[:each]


def _made(folder: Path) -> list[Picture]:
    """The pictures that are in a photograph's folder already."""
    index = folder / _INDEX
    lines = index.read_text().splitlines() if index.exists() else []
    return [Picture(**json.loads(line)) for line in lines]


def _statistics(photographs: int, pictures: Sequence[Picture], discarded: int) -> CorpusStatistics:
    sizes = np.array([picture.size for picture in pictures])
    near: set[int] = set()
    for left, right in hashes.close_pairs(np.array([picture.phash for picture in pictures], dtype=np.uint64), RADIUS):
        near.update(left.tolist(), right.tolist())
    return CorpusStatistics(
        photographs=photographs,
        pictures=len(pictures),
        mean_bytes=float(sizes.mean()),
        median_bytes=float(np.median(sizes)),
        largest_bytes=int(sizes.max()),
        near_duplicates=len(near),
        discarded=discarded,
    )
