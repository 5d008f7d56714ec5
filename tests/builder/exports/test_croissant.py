"""`builder.croissant`: ML Commons' own library accepts it and reads the records, with no network."""

import hashlib
import socket
from pathlib import Path

import mlcroissant as mlc
import pytest

from builder.croissant import index_croissant
from builder.exports.base import About
from builder.index import write_index
from tests.builder.dataset_of import Dataset
from tests.builder.rows_of import lines_of


def test_the_index_is_read(dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        pytest.fail("a context or file was asked for over the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    _, rows, about = dataset
    data = b"".join(write_index(lines_of(rows)))
    (tmp_path / "index.parquet").write_bytes(data)
    described = index_croissant(about, hashlib.sha256(data).hexdigest(), len(data))
    (tmp_path / "croissant.json").write_bytes(described)
    loaded = mlc.Dataset(jsonld=tmp_path / "croissant.json")
    assert not loaded.metadata.ctx.issues.errors
    assert not loaded.metadata.ctx.issues.warnings
    records = list(loaded.records("images"))
    accepted = [row for row in rows if row.verdict == "accepted"]
    assert [record["images/key"].decode() for record in records] == [row.key for row in accepted]
    assert [record["images/width"] for record in records] == [row.width for row in accepted]
    assert [record["images/offset"] for record in records] == [row.offset for row in accepted]


def test_without_url_and_date_it_is_still_valid(dataset: Dataset, tmp_path: Path) -> None:
    _, _, about = dataset
    bare = About(spec=about.spec, report=about.report)
    (tmp_path / "croissant.json").write_bytes(index_croissant(bare, "0" * 64, 1))
    assert not mlc.Dataset(jsonld=tmp_path / "croissant.json").metadata.ctx.issues.errors
