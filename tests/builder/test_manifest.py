"""`builder.manifest`: what is written is read again, in whatever pieces it comes."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.errors import ManifestError
from builder.exports.base import of_split
from builder.manifest import MANIFEST, ManifestRows, read_manifest, write_manifest
from builder.rows import SPLITS, ImageRow
from builder.store import LocalFolder
from tests.builder.rows_of import row

ROWS = [
    row(0, title="Ünï\ncode \u2028 é"),
    row(1, verdict="failed", reason="dns"),
    row(2, verdict="rejected", reason="damaged"),
]


@settings(deadline=None)
@given(size=st.integers(1, 500))
def test_any_pieces(size: int) -> None:
    data = b"".join(write_manifest(ROWS))
    assert list(read_manifest(data[i : i + size] for i in range(0, len(data), size))) == ROWS


def test_rows_of_a_split_are_all_there(tmp_path: Path) -> None:
    told = [*SPLITS, None]
    rows = [row(n, split=told[n % 4], title=f'"split":"{SPLITS[n % 3]}"}}') for n in range(40)]
    folder = LocalFolder(tmp_path)
    folder.write(MANIFEST, write_manifest(rows))
    found = ManifestRows(folder)
    assert list(found()) == rows
    assert b"".join(found.chunks()) == folder.read(MANIFEST)
    for split in SPLITS:
        assert list(found.of_split(split)) == [one for one in rows if one.split in {split, None}]
        assert [one.key for one in of_split(found, split)] == [one.key for one in of_split(lambda: iter(rows), split)]


def test_one_object_a_line_with_every_field() -> None:
    lines = b"".join(write_manifest(ROWS)).decode().removesuffix("\n").split("\n")
    assert len(lines) == 3
    assert all(json.loads(line).keys() == ImageRow.model_fields.keys() for line in lines)


def test_long_manifests_come_in_pieces() -> None:
    sizes = [len(piece) for piece in write_manifest(row(n) for n in range(500))]
    assert len(sizes) > 4
    assert max(sizes) < 70_000


def test_a_bad_line_is_named() -> None:
    good = b"".join(write_manifest(ROWS[:1]))
    for bad in (b"{}\n", b"no json\n", good.replace(b'"accepted"', b'"lovely"')):
        with pytest.raises(ManifestError, match="line 3 is no row"):
            list(read_manifest([good, b"\n", bad]))
    with pytest.raises(ManifestError, match="longer than"):
        list(read_manifest(b"x" * 100_000 for _ in range(20)))
