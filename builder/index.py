"""`index.parquet`: the accepted images as a table, for whoever wants to look before downloading."""

from collections.abc import Iterable, Iterator
from itertools import batched, islice

import pyarrow as pa
import pyarrow.parquet as pq

from builder.drain import Drain
from builder.json_lines import read_lines

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

_BLOCK = 1_000
"""Rows that are made columns of at a time: as text they take twice as much memory."""


def write_index(lines: Iterable[bytes], row_group: int = ROW_GROUP, *, version: int | None = None) -> Iterator[bytes]:
    """A Parquet file (Zstandard) of accepted rows, each given as JSON; piece by piece, one per row group. The number
    of a frozen version is in the schema's metadata, under `pixcrawler.version`."""
    drain = Drain()
    schema = SCHEMA if version is None else SCHEMA.with_metadata({"pixcrawler.version": str(version)})
    with pq.ParquetWriter(pa.PythonFile(drain, mode="w"), schema, compression="zstd") as writer:
        source = iter(lines)
        while tables := list(_tables(islice(source, row_group))):
            writer.write_table(_table(pa.concat_tables(tables)).cast(schema))
            yield drain.take()
    yield drain.take()


def _tables(lines: Iterable[bytes]) -> Iterator[pa.Table]:
    for block in batched(lines, _BLOCK, strict=False):
        yield read_lines(b"\n".join(block), _AS_READ)


def _table(read: pa.Table) -> pa.Table:
    columns = [
        column.dictionary_encode() if field.type == _CATEGORY else column
        for column, field in zip(read.combine_chunks().columns, SCHEMA, strict=True)
    ]
    return pa.Table.from_arrays(columns, schema=SCHEMA)
