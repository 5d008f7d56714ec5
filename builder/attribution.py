"""`attribution.csv`: for every image in the dataset, where it comes from and under which licence."""

import csv
import io
from collections.abc import Iterable, Iterator

from builder.exports.base import image_path
from builder.rows import ImageRow
from builder.spec import slugify

COLUMNS = ("file", "label", "split", "title", "source_url", "page_url", "engine", "licence")

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_PIECE_CHARACTERS = 1 << 16


def attribution_csv(rows: Iterable[ImageRow]) -> Iterator[bytes]:
    """CSV (RFC 4180, UTF-8) of the accepted rows, in pieces. `label` is the folder's name.

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
        writer.writerow(
            (image_path(row), slugify(row.label), row.split or "", *(_inert(value or "") for value in told))
        )
        if text.tell() >= _PIECE_CHARACTERS:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()


def _inert(value: str) -> str:
    value = " ".join(value.split())
    return "'" + value if value.startswith(_FORMULA_STARTS) else value
