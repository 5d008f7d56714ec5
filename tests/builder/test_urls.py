"""Lists of URLs: text, CSV and TSV, whole and broken."""

import csv
import io
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.errors import UrlListError
from builder.urls import MAX_LINES, ListKind, UrlRow, list_kind, parse_url_list

TEXT = "\ufeff# ours\r\nhttp://a.example/1.png\r\n\r\n  https://b.example/ä.png  \nhttp://c.example/3.png"
TABLE = (
    "\ufeffLabel,Image_URL,Caption,License,page,extra\r\n"
    'cat,http://a.example/1.png,"A cat, ""Tom""",CC-BY-4.0,http://a.example/page,x\r\n'
    "\r\n"
    'dog,http://b.example/2.png,"two\nlines",,,\r\n'
    ",http://c.example/3.png\r\n"
)


def parse(data: bytes | str, kind: ListKind = "text") -> list[UrlRow]:
    return list(parse_url_list([data.encode() if isinstance(data, str) else data], kind=kind))


def test_text() -> None:
    assert [(row.line, row.url) for row in parse(TEXT)] == [
        (2, "http://a.example/1.png"),
        (4, "https://b.example/%C3%A4.png"),
        (5, "http://c.example/3.png"),
    ]


def test_csv_and_tsv() -> None:
    rows = parse(TABLE, "csv")
    assert rows == [
        UrlRow(
            url="http://a.example/1.png",
            label="cat",
            title='A cat, "Tom"',
            licence="CC-BY-4.0",
            page_url="http://a.example/page",
            line=2,
        ),
        UrlRow(url="http://b.example/2.png", label="dog", title="two\nlines", line=5),
        UrlRow(url="http://c.example/3.png", line=6),
    ]
    assert [row.url for row in parse("url\tlabel\nhttp://a.example/x,y.png\tcat\n", "tsv")] == [
        "http://a.example/x,y.png"
    ]


def test_json_lines() -> None:
    data = (
        '\ufeff{"URL": "http://a.example/1.png", "TEXT": "A cat", "label": 3, "licence": null, "width": [1]}\r\n\n'
        '{"label": "dog", "url": "https://b.example/ä.png", "caption": "Tom", "text": "not this"}'
    )
    assert parse(data, "jsonl") == [
        UrlRow(url="http://a.example/1.png", label="3", title="A cat", line=1),
        UrlRow(url="https://b.example/%C3%A4.png", label="dog", title="Tom", line=3),
    ]


def test_columns_may_have_other_names() -> None:
    columns = {"link": "url", "class": "label"}
    rows = parse_url_list([b"url,Link,Class\nnone,http://a.example/,cat\n"], kind="csv", columns=columns)
    assert list(rows) == [UrlRow(url="http://a.example/", label="cat", line=2)]
    with pytest.raises(UrlListError, match="one must be named `link`"):
        list(parse_url_list([b"url\nhttp://a.example/\n"], kind="csv", columns=columns))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.CSV", "csv"),
        ("b.tsv", "tsv"),
        ("c.txt", "text"),
        ("urls", "text"),
        ("d.jsonl", "jsonl"),
        ("e.ndjson", "jsonl"),
    ],
)
def test_the_kind_follows_the_name(name: str, kind: ListKind) -> None:
    assert list_kind(name) == kind


@given(st.lists(st.integers(1, 7)), st.sampled_from(["text", "csv"]))
def test_the_cut_into_pieces_does_not_matter(sizes: list[int], kind: ListKind) -> None:
    data = (TEXT if kind == "text" else TABLE).encode()
    pieces, at = [], 0
    for size in sizes:
        pieces.append(data[at : at + size])
        at += size
    assert list(parse_url_list([*pieces, data[at:]], kind=kind)) == parse(data, kind)


cells = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=40).map(str.strip)


@given(st.lists(st.tuples(st.integers(0, 99), cells, cells), min_size=1, max_size=20))
def test_what_the_csv_module_writes_is_read_again(wanted: list[tuple[int, str, str]]) -> None:
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(["url", "label", "title"])
    writer.writerows((f"http://a.example/{number}", label, title) for number, label, title in wanted)
    rows = parse(file.getvalue(), "csv")
    assert [(row.url, row.label or "", row.title or "") for row in rows] == [
        (f"http://a.example/{number}", label, title) for number, label, title in wanted
    ]


@pytest.mark.parametrize(
    ("data", "kind", "line", "message"),
    [
        ("http://a.example/\nftp://a.example/\n", "text", 2, "only http"),
        ("\n\nhttp://u:p@a.example/", "text", 3, "credentials"),
        ("file:///etc/passwd", "text", 1, "only http"),
        ("a.example/x.png", "text", 1, "only http"),
        ("http://a.example/\x00", "text", 1, "control"),
        ("http://a.example/" + "a" * 2_000, "text", 1, "longer than 2000"),
        ("\n" + "a" * 20_001, "text", 2, "longer than 20,000"),
        ("\nhttp://a.example/\n\xff".encode("latin-1"), "text", 3, "UTF-8"),
        ("http://a.example/".encode("utf-16"), "text", 1, "UTF-8"),
        (b"http://a.example/\xc3", "text", 1, "UTF-8"),
        ("", "csv", 0, "empty"),
        ("\n\n", "csv", 0, "empty"),
        ("label,title\ncat,x\n", "csv", 1, "no `url` column"),
        ("http://a.example/\n", "csv", 1, "no `url` column"),
        ("url,image_url\n", "csv", 1, "two columns"),
        ("url,label\nhttp://a.example/,cat,x\n", "csv", 2, "3 cells under 2"),
        ("url,label\n,cat\n", "csv", 2, "no URL"),
        ("url,page\nhttp://a.example/,javascript:alert(1)\n", "csv", 2, "only http"),
        ('url\n"http://a.example/\n', "csv", 2, "not a table"),
        ('url\n"http://a.example/"x\n', "csv", 2, "not a table"),
        ('url\n"' + "x\n" * 70_000, "csv", None, "not a table"),
        ('{"url": "http://a.example/"}\n{"url": "http://', "jsonl", 2, "not JSON"),
        ("[" * 10_000, "jsonl", 1, "not JSON"),
        ('["http://a.example/"]', "jsonl", 1, "not a JSON object"),
        ('{"label": "cat"}', "jsonl", 1, "no `url` column"),
        ('{"url": null}', "jsonl", 1, "no URL"),
        ('{"url": "http://a.example/", "label": ["cat"]}', "jsonl", 1, "neither text nor"),
        ('{"url": "http://a.example/", "title": "\\ud800"}', "jsonl", 1, "halves of characters"),
    ],
)
def test_faults_are_named_by_line(data: str | bytes, kind: ListKind, line: int | None, message: str) -> None:
    with pytest.raises(UrlListError, match=message) as caught:
        parse(data, kind)
    assert line is None or caught.value.line == line
    assert f"line {line}: " in str(caught.value) or not line


def test_rows_before_a_fault_are_given() -> None:
    rows = parse_url_list([b"http://a.example/\nnonsense\n"])
    assert next(rows).line == 1
    with pytest.raises(UrlListError):
        next(rows)


def test_a_million_lines_are_enough() -> None:
    lines = [b"#\n" * 100_000] * (MAX_LINES // 100_000)
    assert list(parse_url_list([*lines, b""])) == []
    with pytest.raises(UrlListError) as caught:
        list(parse_url_list([*lines, b"http://a.example/"]))
    assert caught.value.line == MAX_LINES + 1


def test_the_file_is_never_held_whole() -> None:
    asked = 0

    def chunks() -> Iterator[bytes]:
        nonlocal asked
        while True:
            asked += 1
            yield b"http://a.example/x.png\n"

    rows = parse_url_list(chunks())
    for _ in range(10):
        next(rows)
    assert asked == 10


def test_a_line_that_never_ends_is_given_up_early() -> None:
    asked = 0

    def chunks() -> Iterator[bytes]:
        nonlocal asked
        while True:
            asked += 1
            yield b"x" * 1_000

    with pytest.raises(UrlListError, match="longer"):
        next(parse_url_list(chunks()))
    assert asked == 21
