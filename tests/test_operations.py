"""The runbook says what there is: headings, queries, files; its blocks for the local stack run; its example replays."""

import os
import re
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from builder.errors import SOURCE_FAILURES
from functions.build import RETRY
from shared.problem_types import TYPES
from shared.settings import Settings
from tests.infra.reading import INFRA, ROOT, data

PAGE = (ROOT / "docs" / "operations.md").read_text()
HEADINGS = set(re.findall(r"^#+ (.+)$", PAGE, re.MULTILINE))
KNOWN = {
    *Settings.model_fields,
    # of azd's environment and of the tools
    "url", "api_key", "alert_email", "cosmos_account",
}  # fmt: skip


def test_every_alert_finds_its_heading() -> None:
    named = {rule["heading"] for rule in data("watching/alerts.json")}
    for file in (INFRA / "watching").glob("*.bicep"):
        text = file.read_text()
        named |= set(re.findall(r"heading: '([^']+)'", text))
        named |= set(re.findall(r'\$\{runbook\} "([^"$]+)"', text))
        named |= set(re.findall(r'docs/operations\.md, "([^"]+)"', text))
    assert len(named) >= 8
    assert named | {"Budget"} <= HEADINGS


def test_every_alert_is_told_of_under_its_heading() -> None:
    for rule in data("watching/alerts.json"):
        section = PAGE.partition(f"### {rule['heading']}\n")[2].partition("\n### ")[0]
        assert "First query" in section
        assert "*Do*" in section or "and do*" in section


@pytest.mark.parametrize(
    ("pattern", "exists"),
    [
        (r"`([\w-]+\.kql)`", lambda name: (INFRA / "watching" / "queries" / name).exists()),
        (r"`([\w-]+\.yml)`", lambda name: (ROOT / ".github" / "workflows" / name).exists()),
        (r"infra/[\w/.-]+[\w/]", lambda name: (ROOT / name).exists()),
        (r"tests/[\w/.]+\w", lambda name: (ROOT / name).exists()),
        (r"\]\(([\w-]+\.md)", lambda name: (ROOT / "docs" / name).exists()),
        (r"\]\(#([\w-]+)\)", lambda name: name in {one.lower().replace(" ", "-") for one in HEADINGS}),
        (r"python -m ((?:tools|shared)\.\w+)", lambda name: list(ROOT.glob(name.replace(".", "/") + "*"))),
        (r"\bPIXCRAWLER_([A-Z_]+)\b(?=[`=]|\s\()", lambda name: name.lower() in KNOWN),
        (r"`([a-z]+_[a-z]+)`(?=[^:]{0,20}: it is)", lambda name: name in SOURCE_FAILURES),
        (r"50[0-9] `([\w-]+)`|429 `([\w-]+)`", lambda name: "".join(name) in TYPES),
    ],
)
def test_what_is_named_exists(pattern: str, exists: Any) -> None:
    found = re.findall(pattern, PAGE)
    assert found
    assert [name for name in found if not exists(name)] == []


class Decided:
    """An orchestration's context that writes down which activities are called."""

    def __init__(self, version: str | None) -> None:
        self.version = version

    def call_activity(self, name: str, **_: object) -> str:
        return name


@pytest.mark.parametrize(
    ("version", "steps"),
    [(None, ["assemble"]), ("1.0", ["assemble"]), ("1.1", ["check_dataset", "assemble"])],
)
def test_the_example_keeps_to_what_old_instances_did(version: str | None, steps: list[str]) -> None:
    (code,) = re.findall(r"```python\n(.+?)```", PAGE, re.DOTALL)
    names: dict[str, Any] = {"RETRY": RETRY, "OrchestrationContext": SimpleNamespace, "Any": Any, "Steps": Any}
    exec(code, names)  # noqa: S102 (it is our own page)
    assert list(names["_finish"](Decided(version), {})) == steps


def local_blocks() -> str:
    return "\n".join(re.findall(r"```sh local\n(.+?)```", PAGE, re.DOTALL))


def test_the_blocks_are_all_there() -> None:
    blocks = local_blocks()
    for wanted in ("tools.smoke", "tools.poison list", "shared.seal status", "health/ready", "/metrics"):
        assert wanted in blocks


def run(script: str, data_folder: Path, ports: dict[str, int]) -> subprocess.CompletedProcess[str]:
    """Run the blocks against a stack on other ports, with its data elsewhere."""
    usual = {"HOST": 7071, "COSMOS": 8081, "BLOB": 10000, "QUEUE": 10001, "TABLE": 10002}
    for name, port in usual.items():
        script = re.sub(rf"\b{port}\b", str(ports[name]), script)
    script = script.replace(".local/", f"{data_folder}/")
    return subprocess.run(
        ["sh", "-eu", "-c", script], cwd=ROOT, env=os.environ, capture_output=True, text=True, timeout=300, check=False
    )
