"""The queries of alerts and workbook, and what each names, as Microsoft's own Kusto language service reads it."""

import json
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.watching.telemetry import Row, Tables

ROOT = Path(__file__).parents[2]
WATCHING = ROOT / "infra" / "watching"
_READER = Path(__file__).with_name("kusto.cjs")
_PACKAGE = ROOT / "node_modules" / "@kusto" / "language-service-next"


class NotReadError(Exception):
    """The language service could not be run."""


@dataclass(frozen=True)
class Read:
    """A query as it was understood: what is wrong with it, and its chains of pipes (see `kusto.cjs`)."""

    faults: tuple[str, ...]
    chains: tuple[Mapping[str, Any], ...]

    @property
    def tables(self) -> set[str]:
        """The tables that it reads."""
        return {chain["table"] for chain in self.chains}


def queries() -> dict[str, str]:
    """Name -> text of every query."""
    return {path.stem: path.read_text() for path in sorted((WATCHING / "queries").glob("*.kql"))}


def read(asked: Mapping[str, str], schema: Mapping[str, str]) -> dict[str, Read]:
    """Analyse queries with a schema (table -> `(column: type, ...)`); NotReadError when node or its package fails."""
    given = json.dumps({"queries": asked, "tables": schema})
    done = subprocess.run(["node", _READER], input=given, capture_output=True, text=True, check=False, timeout=120)  # noqa: S603, S607
    if done.returncode:
        hint = "" if _PACKAGE.exists() else f"{_PACKAGE} is not there: run `npm ci`. "
        msg = f"{hint}{done.stderr.strip()[-1000:]}"
        raise NotReadError(msg)
    return {name: Read(tuple(one["faults"]), tuple(one["chains"])) for name, one in json.loads(done.stdout).items()}


def unmet(query: Read, tables: Tables) -> list[str]:
    """What a query looks for and no row has: values of filters, members of Properties. One line for each."""
    return [line for chain in query.chains if chain["table"] in tables for line in _unmet(chain, tables)]


def _unmet(chain: Mapping[str, Any], tables: Tables) -> list[str]:
    table, missing = chain["table"], []
    found = tables[table]
    for step in chain["steps"]:
        missing += [
            f"{table}: no {key} in Properties" for key in step["keys"] if not _having(found, ["Properties", key])
        ]
        for one in step["needed"]:
            missing += _never(found, one, table)
            found = [row for row in found if _holds(row, one)]
        for one in step["named"]:
            missing += _never(found, one, table)
    return missing


def _never(found: list[Row], comparison: Mapping[str, Any], table: str) -> list[str]:
    """The values of a comparison that no row has."""
    return [
        f"{table}: no {'.'.join(comparison['path'])} {comparison['operator']} {value!r}"
        for value in comparison["values"]
        if not any(_holds(row, {**comparison, "values": [value]}) for row in found)
    ]


def _having(found: Iterable[Row], path: list[str]) -> bool:
    return any(_at(row, path) is not None for row in found)


def _at(row: Row, path: list[str]) -> Any:
    value: Any = row
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _holds(row: Row, comparison: Mapping[str, Any]) -> bool:
    """Whether a row passes `==`, `in`, or `contains` (which is blind to case)."""
    value = _at(row, comparison["path"])
    text = "" if value is None else str(value)
    match comparison["operator"]:
        case "==" | "in":
            return text in comparison["values"]
        case "contains":
            return any(one.lower() in text.lower() for one in comparison["values"])
        case other:
            msg = (
                f"a filter compares text by {other!r}, which this check does not know: write it with ==, in or contains"
            )
            raise ValueError(msg)
