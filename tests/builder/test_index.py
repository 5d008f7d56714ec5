"""`builder.index`: the accepted images as a Parquet table."""

import io

import pyarrow.parquet as pq

from builder.index import SCHEMA, write_index
from tests.builder.rows_of import row


def test_accepted_rows_in_row_groups() -> None:
    rows = [row(n, split="val", shard="shards/cat-00000.tar", offset=512 * n) for n in range(25)]
    rejected = row(99, verdict="rejected", reason="damaged")
    pieces = list(write_index(iter([*rows, rejected]), row_group=10))
    assert len(pieces) == 4
    file = pq.ParquetFile(io.BytesIO(b"".join(pieces)))
    assert file.num_row_groups == 3
    assert file.schema_arrow.names == SCHEMA.names
    table = file.read().to_pylist()
    assert [record["key"] for record in table] == [r.key for r in rows]
    assert all(record[name] == getattr(r, name) for record, r in zip(table, rows, strict=True) for name in SCHEMA.names)
    assert pieces == list(write_index(rows, row_group=10))


def test_no_image_is_a_table_too() -> None:
    assert pq.read_table(io.BytesIO(b"".join(write_index([])))).num_rows == 0
