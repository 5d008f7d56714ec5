"""The workflows in .github/: GitHub's schema, zizmor's rules of security, what they may use. None has run on GitHub."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.infra.reading import ROOT, data

GITHUB = ROOT / ".github"
FILES = sorted((GITHUB / "workflows").glob("*.yml"))
UNPINNED = {"Azure/setup-azd@v2"}
SECRETS = {"PIXCRAWLER_API_KEY"}


Tool = Callable[[Path], list[str | Path]]


def schema(folder: Path) -> list[str | Path]:
    return ["check-jsonschema", "--builtin-schema", "vendor.github-workflows", *(folder / "workflows").glob("*.yml")]


def zizmor(folder: Path) -> list[str | Path]:
    return ["zizmor", "--offline", "--no-progress", "--config", folder / "zizmor.yml", folder / "workflows"]


def checked(tool: Tool, folder: Path) -> str:
    """What the tool has against the workflows of a `.github` folder; nothing when all is well."""
    name, *arguments = tool(folder)
    path = Path(sys.executable).parent / str(name)
    done = subprocess.run([path, *arguments], capture_output=True, text=True, timeout=60, check=False)
    return done.stdout + done.stderr if done.returncode else ""


@pytest.mark.parametrize("tool", [schema, zizmor])
def test_they_are_valid_and_safe(tool: Tool) -> None:
    assert checked(tool, GITHUB) == ""


@pytest.mark.parametrize(
    ("tool", "file", "before", "after", "told"),
    [
        (schema, "ci.yml", "runs-on: ubuntu-latest", "runs_on: ubuntu-latest", "runs_on"),
        (zizmor, "ci.yml", "11bd71901bbe5b1630ceea73d27597364c9af683", "v4", "unpinned-uses"),
        (zizmor, "deploy-to.yml", "$(git rev-parse HEAD)", "${{ inputs.ref }}", "template-injection"),
        (zizmor, "what-if.yml", "  pull_request:\n", "  pull_request_target:\n", "dangerous-triggers"),
    ],
)
def test_a_fault_is_found(*, tool: Tool, file: str, before: str, after: str, told: str, tmp_path: Path) -> None:
    shutil.copytree(GITHUB, tmp_path / ".github")
    broken = tmp_path / ".github" / "workflows" / file
    assert before in broken.read_text()
    broken.write_text(broken.read_text().replace(before, after, 1))
    assert told in checked(tool, tmp_path / ".github")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_actions_are_named_by_commit_and_secrets_are_none_of_azures(file: Path) -> None:
    text = file.read_text()
    for used in re.findall(r"uses: (\S+)", text):
        assert used.startswith("./") or used in UNPINNED or re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", used), used
    assert set(re.findall(r"secrets\.(\w+)", text)) <= SECRETS
    assert "client-secret" not in text
    assert "creds:" not in text


def test_each_environment_has_its_parameters() -> None:
    jobs = yaml.safe_load((GITHUB / "workflows" / "deploy.yml").read_text())["jobs"]
    environments = {one["with"]["environment"] for one in jobs.values() if "with" in one}
    assert environments == {"dev", "prod"}
    for one in environments:
        assert data(f"environments/{one}.json")
    assert jobs["dev"]["needs"] == "test"
    assert jobs["prod"]["needs"] == "dev"


def test_azd_is_given_all_that_the_parameters_file_asks_for() -> None:
    wanted = set(re.findall(r"\$\{(\w+)", (ROOT / "infra" / "main.parameters.json").read_text()))
    given = yaml.safe_load((GITHUB / "workflows" / "deploy-to.yml").read_text())["jobs"]["deploy"]["env"]
    assert wanted <= set(given) | {"PIXCRAWLER_BUDGET_START"}, "that one the hook before it asks Azure for"


def test_files_that_are_named_exist() -> None:
    for file in FILES:
        for name in re.findall(r"uses: \./(\S+)|--template-file (\S+)|-m (tools\.\w+)", file.read_text()):
            path = "".join(name)
            assert (ROOT / (path.replace(".", "/") + ".py" if path.startswith("tools.") else path)).exists(), path
