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
    table = AttributionTable(path)
    for row in rows:
        if row.verdict == "accepted":
            table.add(row)
        if table.waiting >= _PIECE_CHARACTERS:
            yield table.take()
    yield table.take()


class AttributionTable:
    """The same for accepted rows that come one by one."""

    def __init__(self, path: Callable[[ImageRow], str] = image_path) -> None:
        self._path = path
        self._text = io.StringIO(newline="")
        self._writer = csv.writer(self._text)
        self._writer.writerow(COLUMNS)

    def add(self, row: ImageRow) -> None:
        """Write the row's line."""
        told = (row.title, row.url, row.page_url, row.engine, row.licence)
        self._writer.writerow((self._path(row), folder_name(row.label), row.split or "", *map(inert, told)))

    @property
    def waiting(self) -> int:
        """Characters that have not been taken."""
        return self._text.tell()

    def take(self) -> bytes:
        """What was written since the last time."""
        taken = self._text.getvalue().encode()
        self._text.seek(0)
        self._text.truncate()
        return taken


def inert(value: str | None) -> str:
    """Text as one line that no spreadsheet runs; empty for None."""
    if not value:
        return ""
    value = " ".join(value.split())
    return "'" + value if value.startswith(_FORMULA_STARTS) else value
