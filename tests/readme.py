"""What the documentation says, taken apart: the commands of its `sh` blocks, its routes, paths and settings."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
_METHODS = "GET|POST|PUT|PATCH|DELETE"


def commands(page: Path) -> list[str]:
    """The commands of all `sh` blocks, in order; one that goes over several lines is one command."""
    found: list[str] = []
    for block in re.findall(r"```sh\n(.*?)```", page.read_text(), re.DOTALL):
        for line in block.splitlines():
            goes_on = found and found[-1].count("'") % 2
            if goes_on:
                found[-1] += f"\n{line}"
            elif line.strip():
                found.append(line)
    return found


def quoted(page: Path) -> Iterator[str]:
    """Everything between single backticks."""
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    return iter(re.findall(r"`([^`\n]+)`", text))


def routes(page: Path) -> set[tuple[str, str]]:
    """Method and path, parameters as `{}`, of every request in a table; `...` repeats the path before it."""
    found = set()
    for row in re.findall(r"^\| (`.*?) \|", page.read_text(), re.MULTILINE):
        method, before = "", ""
        for told in re.findall(r"`([^`]+)`", row):
            match = re.fullmatch(rf"(?:(?P<method>{_METHODS}) )?(?P<path>[./][^?]*)(\?.*)?", told)
            if match is None:
                continue
            method, path = match["method"] or method, re.sub(r"\{\w+\}", "{}", match["path"])
            if path.startswith("..."):
                rest = path.removeprefix("...")
                first = rest.split("/")[1]
                path = (before.partition(f"/{first}")[0] if f"/{first}" in before else before) + rest
            before = path
            found.add((method, path))
    return found
