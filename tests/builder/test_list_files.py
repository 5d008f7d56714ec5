"""Lists in files: every kind, packed or not, gives the same rows; what is no list is refused with a reason."""

import csv
import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from builder.errors import UrlListError
from builder.list_files import BATCH_ROWS, columns_named, read_list
from builder.urls import UrlRow

ROWS: list[dict[str, str | None]] = [
    {"URL": "http://a.example/1.png", "label": "cat", "TEXT": 'A cat, "Tom"', "LICENSE": "CC-BY-4.0"},
    {"URL": "https://b.example/2.png", "label": "dog", "TEXT": None, "LICENSE": None},
]
WANTED = [
    ("http://a.example/1.png", "cat", 'A cat, "Tom"', "CC-BY-4.0"),
    ("https://b.example/2.png", "dog", None, None),
]


def written(folder: Path, name: str) -> Path:
    path = folder / name
    plain = folder / name.removesuffix(".gz")
    match plain.suffix:
        case ".parquet":
            pq.write_table(pa.Table.from_pylist(ROWS), path)
        case ".jsonl" | ".ndjson":
            plain.write_text("\n".join(json.dumps(row) for row in ROWS))
        case ".csv" | ".tsv":
            with plain.open("w", newline="") as file:
                writer = csv.DictWriter(file, ROWS[0].keys(), delimiter="," if plain.suffix == ".csv" else "\t")
                writer.writeheader()
                writer.writerows(ROWS)
    if name.endswith(".gz"):
        path.write_bytes(gzip.compress(plain.read_bytes()))
    return path


@pytest.mark.parametrize("name", ["a.csv", "a.TSV", "a.jsonl", "a.ndjson", "a.csv.gz", "a.jsonl.gz", "a.parquet"])
def test_every_kind_gives_the_same_rows(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, name.lower())
    if name != path.name:
        path = path.rename(tmp_path / name)
    rows = list(read_list(path))
    assert [(row.url, row.label, row.title, row.licence) for row in rows] == WANTED


def test_text(tmp_path: Path) -> None:
    path = tmp_path / "urls"
    path.write_text("# ours\nhttp://a.example/1.png\n")
    assert list(read_list(path)) == [UrlRow(url="http://a.example/1.png", line=2)]


def test_parquet_of_other_types_in_many_batches(tmp_path: Path) -> None:
    count = BATCH_ROWS + 3
    links = pa.array([f"http://a.example/{number}" for number in range(count)], pa.large_string())
    labels = pa.array([number % 2 for number in range(count)])
    table = pa.table({"link": links, "class": labels, "caption": pa.array(["x"] * count).dictionary_encode()})
    pq.write_table(table, tmp_path / "a.parquet")
    rows = list(read_list(tmp_path / "a.parquet", columns_named({"url": "Link", "label": "class"})))
    assert [row.line for row in rows] == list(range(1, count + 1))
    assert rows[-1] == UrlRow(url=f"http://a.example/{count - 1}", label=str((count - 1) % 2), title="x", line=count)


def test_columns_named_otherwise_count_alone() -> None:
    columns = columns_named({"url": "LINK"})
    assert columns["link"] == "url"
    assert not {"url", "image_url"} & columns.keys()
    assert columns["caption"] == "title"


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.parquet", b"PAR1 it is not", "not a Parquet file"),
        ("a.csv.gz", b"url\nhttp://a.example/\n", "not a whole gzip file"),
        ("a.csv.gz", gzip.compress(b"url\n" + b"http://a.example/\n" * 9, mtime=0)[:-12], "not a whole gzip file"),
        ("a.json", b"[]", "one object per line"),
        ("a.txt", b"http://a.example/\nnonsense\n", "line 2: only http"),
    ],
)
def test_what_is_no_list_is_refused(tmp_path: Path, name: str, data: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UrlListError, match=message):
        list(read_list(tmp_path / name))


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (pa.table({"url": ["http://a.example/", "ftp://a.example/"]}), "line 2: only http"),
        (pa.table({"link": ["http://a.example/"]}), "no `url` column"),
        (pa.table({"url": [["http://a.example/"]]}), "holds list<"),
        (pa.table({"url": [None]}, pa.schema([("url", pa.string())])), "line 1: no URL"),
    ],
)
def test_faults_of_parquet_are_named_by_row(tmp_path: Path, table: pa.Table, message: str) -> None:
    pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(UrlListError, match=message):
        list(read_list(tmp_path / "a.parquet"))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        list(read_list(tmp_path / "a.csv"))
