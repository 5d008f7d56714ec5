"""`attribution.csv`: for every image in the dataset, where it comes from and under which licence."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator

from builder.exports.base import folder_name, image_path
from builder.rows import ImageRow

COLUMNS = ("file", "label", "split", "title", "source_url", "page_url", "engine", "licence")

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_PIECE_CHARACTERS = 1 << 16


def attribution_csv(rows: Iterable[ImageRow], path: Callable[[ImageRow], str] = image_path) -> Iterator[bytes]:
    """CSV (RFC 4180, UTF-8) of the accepted rows, in pieces. `file` is what `path` says, `label` the folder's name.

    Titles come from the web: one that a spreadsheet would run as a formula gets a quote in front (OWASP, CSV
    injection).
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for row in rows:
        if row.verdict != "accepted":
            continue
        told = (row.title, row.url, row.page_url, row.engine, row.licence)
        writer.writerow((path(row), folder_name(row.label), row.split or "", *map(inert, told)))
        if text.tell() >= _PIECE_CHARACTERS:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()


def inert(value: str | None) -> str:
    """Text as one line that no spreadsheet runs; empty for None."""
    if not value:
        return ""
    value = " ".join(value.split())
    return "'" + value if value.startswith(_FORMULA_STARTS) else value
