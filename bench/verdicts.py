"""What CleanVision and the builder say of the same pictures, image by image."""

import csv
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from bench.damage import KINDS, kind_of
from bench.errors import BenchError
from bench.results import VerdictCell

Verdicts = dict[str, str]
"""By file name: what was found wrong; empty when nothing was."""


def of_cleanvision(issues: Path) -> Verdicts:
    """Its table of issues: a column `is_<issue>_issue` for each, the file's path first."""
    found = {}
    with issues.open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            path = row.pop("")
            flagged = [
                name.removeprefix("is_").removesuffix("_issue")
                for name, value in row.items()
                if name.startswith("is_") and value == "True"
            ]
            found[Path(path).name] = ", ".join(flagged)
    return found


def of_builder(log: Path) -> Verdicts:
    """What `python -m builder validate --json` printed: one object per image, in lines of JSON.

    Raises BenchError when none is there.
    """
    found = {}
    for line in log.read_text(encoding="utf-8").splitlines():
        row = json.loads(line) if line.startswith("{") else {}
        if "path" in row:
            found[Path(row["path"]).name] = row.get("reason") or ""
    if not found:
        msg = f"no line of {log} is a JSON object with a path: has the output of `validate --json` changed?"
        raise BenchError(msg)
    return found


def compare(
    names: Iterable[str], cleanvision: Mapping[str, str], builder: Mapping[str, str]
) -> tuple[VerdictCell, ...]:
    """How often the tools say what together, by kind of damage; `not looked at` where a tool says nothing of a file."""
    unseen = "not looked at"
    cells = Counter((kind_of(name), cleanvision.get(name, unseen), builder.get(name, unseen)) for name in names)
    return tuple(
        VerdictCell(kind=kind, cleanvision=one, builder=other, pictures=pictures)
        for (kind, one, other), pictures in sorted(cells.items(), key=lambda cell: (KINDS.index(cell[0][0]), -cell[1]))
    )
