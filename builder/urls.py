"""Lists of image URLs as people have them: text, CSV, TSV and JSON Lines, read as a stream, checked line by line."""

import codecs
import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Literal

from builder.errors import UrlListError
from builder.links import is_plain, parse_link
from builder.rows import Row

ListKind = Literal["text", "csv", "tsv", "jsonl"]

MAX_LINES = 1_000_000
MAX_LINE_BYTES = 20_000

COLUMNS: Mapping[str, str] = {
    "url": "url",
    "image_url": "url",
    "label": "label",
    "title": "title",
    "caption": "title",
    "licence": "licence",
    "license": "licence",
    "page_url": "page_url",
    "page": "page_url",
    "text": "title?",
    "alt": "title?",
}
"""Names that a column may have (in any case), and the field of `UrlRow` it fills. Other columns are passed over.

A `?` marks a name that counts only where no other column fills the field: web-scale lists call a caption `TEXT`.
"""


_HALVES = re.compile("[\ud800-\udfff]")  # JSON can escape them alone


class UrlRow(Row):
    """One image of a list."""

    url: str
    label: str | None = None
    title: str | None = None
    licence: str | None = None
    page_url: str | None = None
    line: int  # from 1, in the file


def list_kind(filename: str) -> ListKind:
    """The kind of list that a file of this name holds: `text` for every ending that is not known."""
    match PurePath(filename).suffix.lower():
        case ".csv":
            return "csv"
        case ".tsv":
            return "tsv"
        case ".jsonl" | ".ndjson":
            return "jsonl"
        case _:
            return "text"


def parse_url_list(
    chunks: Iterable[bytes], *, kind: ListKind = "text", columns: Mapping[str, str] = COLUMNS
) -> Iterator[UrlRow]:
    """Read the bytes of a list, in pieces of any size, and give its rows one by one.

    `text`: one URL per line; blank lines and lines that start with `#` are passed over. `csv` and `tsv` (RFC 4180
    quoting): the first line names the columns, see `columns`; one must be `url`. `jsonl` (jsonlines.org): an object
    per line, its keys are columns. Memory stays bounded by one line.

    Raises `UrlListError`, naming the line, when it comes to: bytes that are not UTF-8 (a byte order mark is fine), a
    line over 20,000 bytes, more than 1,000,000 lines, a URL that is not http(s), carries credentials or is over
    2,000 characters, no `url` column, a column twice, more cells than columns, quotes that never close, a line that
    is no JSON object.
    """
    lines = _lines(chunks)
    match kind:
        case "text":
            return _text_rows(lines)
        case "jsonl":
            return _object_rows(lines, columns)
        case "csv" | "tsv":
            return _table_rows(lines, "," if kind == "csv" else "\t", columns)


def fields_of(names: Sequence[str], columns: Mapping[str, str], line: int) -> list[str | None]:
    """The field of `UrlRow` that each column fills, None for those passed over.

    Raises `UrlListError` when no column is the URL, or two stand for the same field.
    """
    told = [columns.get(name.strip().lower()) for name in names]
    fields = list(told)
    for place, field in enumerate(told):
        if field is not None and field.endswith("?"):
            sure = field.removesuffix("?")
            fields[place] = None if sure in fields else sure
    if "url" not in fields:
        wanted = " or ".join(f"`{name}`" for name, field in columns.items() if field == "url")
        raise UrlListError(line, f"no `url` column: one must be named {wanted}")
    for field in fields:
        if field is not None and fields.count(field) > 1:
            raise UrlListError(line, f"two columns stand for `{field}`: keep one")
    return fields


def url_row(values: Mapping[str, str], line: int) -> UrlRow:
    """The row of these fields, its URLs read as they are to be requested; `UrlListError` if they cannot be."""
    page_url = values.get("page_url")
    return UrlRow(
        url=_link(values.get("url", ""), line),
        label=values.get("label"),
        title=values.get("title"),
        licence=values.get("licence"),
        page_url=_link(page_url, line) if page_url else None,
        line=line,
    )


def _lines(chunks: Iterable[bytes]) -> Iterator[str]:
    """Lines with their newline, as the csv module wants them."""
    number, rest = 1, b""
    for chunk in _sized(chunks):
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield _decode(line, number) + "\n"
            number += 1
        if len(rest) > MAX_LINE_BYTES:
            break
    if rest:
        yield _decode(rest, number)


def _sized(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of at most 64 KiB, so that a large piece is not copied whole."""
    for chunk in chunks:
        for start in range(0, len(chunk), 1 << 16):
            yield chunk[start : start + (1 << 16)]


def _decode(line: bytes, number: int) -> str:
    if number > MAX_LINES:
        raise UrlListError(number, f"more than {MAX_LINES:,} lines: cut the list into several")
    if len(line) > MAX_LINE_BYTES:
        raise UrlListError(number, f"longer than {MAX_LINE_BYTES:,} bytes: one image per line is expected")
    try:
        return (line.removeprefix(codecs.BOM_UTF8) if number == 1 else line).decode()
    except UnicodeDecodeError as error:
        raise UrlListError(number, "not UTF-8 text: save the list as UTF-8") from error


def _text_rows(lines: Iterable[str]) -> Iterator[UrlRow]:
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if text and not text.startswith("#"):
            yield UrlRow(url=_link(text, number), line=number)


def _table_rows(lines: Iterable[str], delimiter: str, columns: Mapping[str, str]) -> Iterator[UrlRow]:
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    fields: list[str | None] | None = None
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            raise UrlListError(reader.line_num, f"not a table of cells: {error}") from error
        if not any(cell.strip() for cell in cells):
            continue
        if fields is None:
            fields = fields_of(cells, columns, reader.line_num)
            continue
        if len(cells) > len(fields):
            fault = f"{len(cells)} cells under {len(fields)} columns: quote cells that hold commas"
            raise UrlListError(reader.line_num, fault)
        pairs = zip(fields, cells, strict=False)
        yield url_row({field: cell.strip() for field, cell in pairs if field and cell.strip()}, reader.line_num)
    if fields is None:
        raise UrlListError(0, "the list is empty: its first line must name the columns, one of them `url`")


def _object_rows(lines: Iterable[str], columns: Mapping[str, str]) -> Iterator[UrlRow]:
    names: tuple[str, ...] | None = None
    fields: list[str | None] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            told = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise UrlListError(number, f"not JSON, one object per line is expected: {error}") from None
        if not isinstance(told, dict):
            raise UrlListError(number, 'not a JSON object: write {"url": "https://..."}')
        if tuple(told) != names:  # nearly always the same as in the line before
            names = tuple(told)
            fields = fields_of(names, columns, number)
        pairs = zip(fields, told.values(), strict=True)
        yield url_row(
            {field: text for field, value in pairs if field and (text := _text(value, field, number))}, number
        )


def _text(value: object, field: str, line: int) -> str:
    """A value as a cell's text: classes are often numbers."""
    if value is None:
        return ""
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise UrlListError(line, f"`{field}` is neither text nor a whole number")
    text = str(value).strip()
    if _HALVES.search(text):
        raise UrlListError(line, f"`{field}` holds halves of characters, which no file can be written with")
    return text


def _link(text: str, line: int) -> str:
    if is_plain(text):
        return text
    try:
        return str(parse_link(text))
    except ValueError as error:
        raise UrlListError(line, f"{error}: {text[:100]!r}" if text else "no URL") from error
