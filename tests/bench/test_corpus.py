import io
from pathlib import Path

import imagehash
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bench.corpus import distinct, make_corpus
from bench.crops import Cutter
from bench.errors import BenchError
from bench.photos import photographs

HASHES = st.lists(st.integers(0, 2**16 - 1), max_size=40)
"""Of few bits, so that many are close to each other."""
RADIUS = 3


def close(first: int, second: int) -> bool:
    return (first ^ second).bit_count() <= RADIUS


def test_a_number_always_gives_the_same_picture() -> None:
    photograph = photographs(None)[0]
    first, again, other = (Cutter(photograph).cut(number) for number in (7, 7, 8))
    assert first == again
    assert other.data != first.data
    with Image.open(io.BytesIO(first.data)) as image:
        assert image.format == "JPEG"
        difference = imagehash.phash(image) - imagehash.hex_to_hash(f"{first.phash:016x}")
    assert difference <= 2  # told before the JPEG was written


def test_a_smaller_corpus_is_the_beginning_of_a_larger_one(tmp_path: Path) -> None:
    some = photographs(None)[:2]
    small = make_corpus(some, 4, tmp_path)
    made = {path: path.stat().st_mtime_ns for path in small.folder.rglob("*.jpg")}
    large = make_corpus(some, 9, tmp_path)
    assert large.pictures[:4] == small.pictures
    assert {path: path.stat().st_mtime_ns for path in made} == made  # found again, not made again
    assert large.statistics.pictures == 9
    assert large.statistics.near_duplicates == 0
    assert [picture.size for picture in large.pictures] == [
        (large.folder / picture.name).stat().st_size for picture in large.pictures
    ]


@given(HASHES)
def test_what_is_kept_is_distinct_and_what_is_not_has_a_kept_one_before_it(hashes: list[int]) -> None:
    kept = distinct(hashes, RADIUS)
    for position, value in enumerate(hashes):
        before = any(close(hashes[other], value) for other in kept if other < position)
        assert (position in kept) is not before


@given(HASHES, st.integers(0, 40))
def test_later_hashes_do_not_change_what_is_kept_of_earlier_ones(hashes: list[int], count: int) -> None:
    assert [position for position in distinct(hashes, RADIUS) if position < count] == distinct(hashes[:count], RADIUS)


def test_a_folder_without_photographs_is_told(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="no photographs"):
        photographs(tmp_path)
