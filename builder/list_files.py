"""Lists of image URLs in files, told apart by their names: all that `builder.urls` reads, gzipped too, and Parquet."""

import gzip
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from builder.errors import UrlListError
from builder.store import PIECE_BYTES
from builder.urls import COLUMNS, MAX_LINES, UrlRow, fields_of, list_kind, parse_url_list, url_row

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_ROWS = 4_096
"""Rows of a Parquet file in memory at a time."""


def read_list(path: Path, columns: Mapping[str, str] = COLUMNS) -> Iterator[UrlRow]:
    """The rows of a list, one by one, from its beginning: `.csv`, `.tsv`, `.jsonl` (`.ndjson`), each also with `.gz`
    after it, `.parquet`, and text with a URL per line under any other name.

    `columns` says which column fills which field, see `builder.urls.COLUMNS`. A row's `line` is its number from 1 in
    a Parquet file. Memory stays bounded by one line, or `BATCH_ROWS` rows. Raises `UrlListError` as `parse_url_list`
    does, for a file that is not what its name says, and for a JSON array; `OSError` when the file cannot be opened.
    """
    name = path.name.lower()
    if name.endswith(".parquet"):
        yield from _parquet_rows(path, columns)
        return
    packed = name.endswith(".gz")
    name = name.removesuffix(".gz")
    if name.endswith(".json"):
        raise UrlListError(0, "a JSON array has to be held whole: write one object per line and call it .jsonl")
    try:
        yield from parse_url_list(_pieces(path, packed=packed), kind=list_kind(name), columns=columns)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise UrlListError(0, f"not a whole gzip file: {error}") from error


def columns_named(given: Mapping[str, str]) -> dict[str, str]:
    """`COLUMNS` with other names for some fields (`{"url": "link"}`): those names count for them, and no others."""
    rest = {name: field for name, field in COLUMNS.items() if field.removesuffix("?") not in given}
    return rest | {name.strip().lower(): field for field, name in given.items()}


def _pieces(path: Path, *, packed: bool) -> Iterator[bytes]:
    with gzip.open(path) if packed else path.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            yield piece


def _parquet_rows(path: Path, columns: Mapping[str, str]) -> Iterator[UrlRow]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with path.open("rb") as source, pq.ParquetFile(source, memory_map=False) as file:
            names = file.schema_arrow.names
            used = {name: field for name, field in zip(names, fields_of(names, columns, 0), strict=True) if field}
            number = 0
            for batch in file.iter_batches(BATCH_ROWS, columns=list(used)):
                texts = [_texts(batch.column(name), used[name]) for name in used]
                for cells in zip(*texts, strict=True):
                    number += 1
                    if number > MAX_LINES:
                        raise UrlListError(number, f"more than {MAX_LINES:,} rows: cut the list into several")
                    pairs = zip(used.values(), cells, strict=True)
                    yield url_row({field: cell.strip() for field, cell in pairs if cell and cell.strip()}, number)
    except pa.ArrowException as error:
        raise UrlListError(0, f"not a Parquet file that can be read: {error}") from error


def _texts(column: "pa.Array", field: str) -> list[str | None]:
    """A column's values as text: dictionaries are resolved, numbers written out."""
    import pyarrow as pa

    try:
        texts: list[str | None] = column.cast(pa.string()).to_pylist()
    except pa.ArrowException:
        raise UrlListError(0, f"the column for `{field}` holds {column.type}, not text") from None
    return texts
