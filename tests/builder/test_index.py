"""`builder.index`: the accepted images as a Parquet table."""

import io

import pyarrow.parquet as pq
import pytest

from builder import index
from builder.index import SCHEMA, write_index
from tests.builder.rows_of import lines_of, row


def test_accepted_rows_in_row_groups() -> None:
    rows = [row(n, split="val", shard="shards/cat-00000.tar", offset=512 * n) for n in range(25)]
    pieces = list(write_index(lines_of(rows), row_group=10))
    assert len(pieces) == 4
    file = pq.ParquetFile(io.BytesIO(b"".join(pieces)))
    assert file.num_row_groups == 3
    assert file.schema_arrow.names == SCHEMA.names
    table = file.read().to_pylist()
    assert [record["key"] for record in table] == [r.key for r in rows]
    assert all(record[name] == getattr(r, name) for record, r in zip(table, rows, strict=True) for name in SCHEMA.names)
    assert pieces == list(write_index(lines_of(rows), row_group=10))


def test_blocks_leave_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [row(n, ("cat", "dog")[n % 2], split="val", title=f"Title {n}") for n in range(25)]
    whole = b"".join(write_index(lines_of(rows), row_group=20))
    monkeypatch.setattr(index, "_BLOCK", 3)
    assert b"".join(write_index(lines_of(rows), row_group=20)) == whole


def test_no_image_is_a_table_too() -> None:
    assert pq.read_table(io.BytesIO(b"".join(write_index([])))).num_rows == 0
