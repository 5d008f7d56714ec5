"""JSON Lines read by Arrow: columns of many rows at once, without a Python object per row."""

from collections.abc import Iterable, Iterator

import pyarrow as pa
from pyarrow import json

from builder.exports.base import gathered
from builder.rows import Glance

_NUMBERS = {"width", "height", "source_width", "source_height", "source_bytes", "size_bytes"}
_TYPES = {"turned": pa.list_(pa.string())} | dict.fromkeys(_NUMBERS, pa.int64())
_GLANCE = pa.schema([(name, _TYPES.get(name, pa.string())) for name in Glance._fields])


def read_lines(lines: bytes, schema: pa.Schema) -> pa.Table:
    """The columns of `schema` of whole lines (some), each a JSON object; other members are passed over. Raises
    `pyarrow.ArrowInvalid` for what is no JSON, or of another type."""
    options = json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore")
    blocks = json.ReadOptions(use_threads=False, block_size=len(lines) + 1)
    return json.read_json(pa.BufferReader(lines), read_options=blocks, parse_options=options).select(schema.names)


def glances(lines: Iterable[bytes]) -> Iterator[Glance]:
    """What decisions ask of rows, given as pieces of whole lines; a megabyte of them is held at a time."""
    for block in gathered(piece for piece in lines if piece):
        columns = read_lines(block, _GLANCE).columns
        yield from map(Glance._make, zip(*(column.to_pylist() for column in columns), strict=True))
