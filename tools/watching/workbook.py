"""The workbook of infra/watching/: its items, and its queries, which are those of queries/."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tools.watching.queries import WATCHING, queries

FILE = WATCHING / "workbook.json"
QUERY, GROUP = 3, 12
"""Kinds of items."""


def items(book: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """All items, those of groups too, in the order in which they stand."""
    for item in book["items"]:
        yield item
        if item["type"] == GROUP:
            yield from items(item["content"])


def filled(book: Mapping[str, Any], texts: Mapping[str, str]) -> dict[str, Any]:
    """The workbook with the query of each item that is named like one; KeyError when there is none of its name."""
    copy: dict[str, Any] = json.loads(json.dumps(book))
    for item in items(copy):
        if item["type"] == QUERY:
            item["content"]["query"] = texts[item["name"]]
    return copy


def load() -> dict[str, Any]:
    """The workbook as it is committed."""
    book: dict[str, Any] = json.loads(FILE.read_text())
    return book


def write() -> None:
    """Put the queries as they are now into the workbook."""
    FILE.write_text(json.dumps(filled(load(), queries()), indent=2) + "\n")
