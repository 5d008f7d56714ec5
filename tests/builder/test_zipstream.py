"""`builder.zipstream`: zips that every reader reads, made piece by piece."""

import io
import shutil
import struct
import subprocess
import tracemalloc
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder import zipstream
from builder.zipstream import zip_chunks

NAMES = st.text(
    st.characters(codec="utf-8", exclude_characters="\0\\", exclude_categories=["Cs"]), min_size=1, max_size=20
)


@settings(deadline=None)
@given(entries=st.dictionaries(NAMES, st.binary(max_size=200)), pieces=st.booleans())
def test_read_again(entries: dict[str, bytes], pieces: bool) -> None:
    given_entries = ((name, iter([data[:7], data[7:]]) if pieces else data) for name, data in entries.items())
    with zipfile.ZipFile(io.BytesIO(b"".join(zip_chunks(given_entries)))) as archive:
        assert archive.testzip() is None
        assert {info.orig_filename: archive.read(info) for info in archive.infolist()} == entries


def test_sizes_stand_before_the_data() -> None:
    """Bit 3 of the flags would mean that they follow it: streaming readers cannot read stored entries then."""
    with zipfile.ZipFile(io.BytesIO(b"".join(zip_chunks([("a", b"x" * 99), ("b", iter([b"y"]))])))) as archive:
        assert [info.flag_bits & 8 for info in archive.infolist()] == [0, 0]
        assert all(info.date_time == (1980, 1, 1, 0, 0, 0) for info in archive.infolist())
    header = next(iter(zip_chunks([("a", b"x" * 99)])))
    assert struct.unpack("<II", header[18:26]) == (99, 99)


def test_memory_does_not_grow_with_the_zip() -> None:
    def entries() -> Iterator[tuple[str, bytes]]:
        for number in range(200):
            yield f"{number}", bytes(1 << 20)

    tracemalloc.start()
    size = sum(len(chunk) for chunk in zip_chunks(entries()))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size > 200 << 20
    assert peak < 12 << 20


def test_more_than_65535_entries() -> None:
    many = b"".join(zip_chunks((f"{number}", b"") for number in range(66_000)))
    with zipfile.ZipFile(io.BytesIO(many)) as archive:
        assert len(archive.namelist()) == 66_000


def test_zip64_where_sizes_and_places_need_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limits are moved down, so that a small file has the records that only a large one would need."""
    monkeypatch.setattr(zipstream, "_LIMIT_32", 1 << 16)
    large = bytes(range(256)) * 400
    data = b"".join(zip_chunks([("large", large), ("pieces", iter([large, large])), ("after", b"here")]))
    assert b"PK\x06\x06" in data
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert archive.read("large") == large
        assert archive.read("pieces") == large + large
        assert archive.read("after") == b"here"


@pytest.mark.skipif(shutil.which("unzip") is None, reason="unzip is not installed")
def test_unzip_reads_it(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"".join(zip_chunks([("dir/ü.txt", b"x" * 9), ("b", iter([b"y", b"z"]))])))
    subprocess.run(["unzip", "-tq", "a.zip"], cwd=tmp_path, check=True, capture_output=True)
