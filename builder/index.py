"""`index.parquet`: the accepted images as a table, for whoever wants to look before downloading."""

from collections.abc import Iterable, Iterator
from itertools import batched
from operator import attrgetter

import pyarrow as pa
import pyarrow.parquet as pq

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

ROW_GROUP = 10_000
"""Rows per row group: what is held in memory at a time."""


def write_index(rows: Iterable[ImageRow], row_group: int = ROW_GROUP) -> Iterator[bytes]:
    """A Parquet file (Zstandard) of the accepted rows, piece by piece, one per row group; other rows are passed
    over."""
    drain = Drain()
    accepted = (row for row in rows if row.verdict == "accepted")
    cells = attrgetter(*SCHEMA.names)
    with pq.ParquetWriter(pa.PythonFile(drain, mode="w"), SCHEMA, compression="zstd") as writer:
        for group in batched(accepted, row_group, strict=False):
            columns = zip(*map(cells, group), strict=True)
            arrays = [pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)]
            writer.write_table(pa.Table.from_arrays(arrays, schema=SCHEMA))
            yield drain.take()
    yield drain.take()
