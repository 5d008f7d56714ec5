"""`builder.attribution`: a table that opens everywhere and runs nowhere."""

import csv
import io

from builder.attribution import COLUMNS, attribution_csv
from tests.builder.rows_of import row


def read(*titles: str) -> list[dict[str, str]]:
    rows = [row(number, title=title, split="val", licence="CC BY 4.0") for number, title in enumerate(titles)]
    text = b"".join(attribution_csv([*rows, row(99, verdict="rejected", reason="damaged")])).decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_one_line_per_image_in_the_dataset() -> None:
    (line,) = read('A "cat", at home\nand away')
    assert tuple(line) == COLUMNS
    assert line["file"] == "val/cat/cat-00000-00.jpg"
    assert line["title"] == 'A "cat", at home and away'
    assert (line["label"], line["split"], line["engine"], line["licence"]) == ("cat", "val", "bing", "CC BY 4.0")


def test_a_title_is_no_formula() -> None:
    titles = ["=cmd|'/c calc'!A1", "+1", "-1", "@SUM(A1)", "\t=1", "fine = yes"]
    assert [line["title"] for line in read(*titles)] == ["'" + title.strip() for title in titles[:5]] + ["fine = yes"]


def test_long_tables_come_in_pieces() -> None:
    pieces = list(attribution_csv(row(number) for number in range(3_000)))
    assert len(pieces) > 3
    assert b"".join(pieces).count(b"\r\n") == 3_001
