"""`index.parquet`: the accepted images as a table, for whoever wants to look before downloading."""

from collections.abc import Iterable, Iterator
from itertools import batched

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import json

from builder.drain import Drain
from builder.rows import ImageRow

_CATEGORY = pa.dictionary(pa.int32(), pa.string())

SCHEMA = pa.schema(
    [
        pa.field("key", pa.string(), nullable=False),
        pa.field("label", _CATEGORY, nullable=False),
        pa.field("split", _CATEGORY),
        pa.field("format", _CATEGORY),
        pa.field("width", pa.int32()),
        pa.field("height", pa.int32()),
        pa.field("size_bytes", pa.int64()),
        pa.field("source_width", pa.int32()),
        pa.field("source_height", pa.int32()),
        pa.field("sha256", pa.string()),
        pa.field("source_sha256", pa.string()),
        pa.field("phash", pa.string()),
        pa.field("url", pa.string(), nullable=False),
        pa.field("final_url", pa.string()),
        pa.field("page_url", pa.string()),
        pa.field("title", pa.string()),
        pa.field("engine", _CATEGORY, nullable=False),
        pa.field("query", _CATEGORY, nullable=False),
        pa.field("licence", _CATEGORY),
        pa.field("shard", _CATEGORY),
        pa.field("offset", pa.int64()),
    ]
)
"""Columns are fields of `ImageRow` by the same name; `shard`, `offset` and `size_bytes` say where the bytes are."""

_AS_READ = pa.schema([(field.name, pa.string() if field.type == _CATEGORY else field.type) for field in SCHEMA])

ROW_GROUP = 10_000
"""Rows per row group: what is held in memory at a time."""


def write_index(rows: Iterable[ImageRow], row_group: int = ROW_GROUP, *, version: int | None = None) -> Iterator[bytes]:
    """A Parquet file (Zstandard) of the accepted rows, piece by piece, one per row group; other rows are passed
    over. The number of a frozen version is in the schema's metadata, under `pixcrawler.version`."""
    drain = Drain()
    accepted = (row.model_dump_json().encode() for row in rows if row.verdict == "accepted")
    schema = SCHEMA if version is None else SCHEMA.with_metadata({"pixcrawler.version": str(version)})
    with pq.ParquetWriter(pa.PythonFile(drain, mode="w"), schema, compression="zstd") as writer:
        for group in batched(accepted, row_group, strict=False):
            writer.write_table(_table(b"\n".join(group)).cast(schema))
            yield drain.take()
    yield drain.take()


def _table(lines: bytes) -> pa.Table:
    """Rows as JSON Lines in the form of the schema: Arrow reads them without a Python object per cell."""
    options = json.ParseOptions(explicit_schema=_AS_READ, unexpected_field_behavior="ignore")
    blocks = json.ReadOptions(use_threads=False, block_size=len(lines) + 1)
    table = json.read_json(pa.BufferReader(lines), read_options=blocks, parse_options=options).select(SCHEMA.names)
    columns = [
        column.dictionary_encode() if field.type == _CATEGORY else column
        for column, field in zip(table.columns, SCHEMA, strict=True)
    ]
    return pa.Table.from_arrays(columns, schema=SCHEMA)
