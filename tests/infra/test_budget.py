"""The hook that asks for the month a budget began in, run with programs for az and azd that note their calls."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.infra.reading import INFRA, ROOT, data
from tools.infra.checkov import arm
from tools.infra.environments import deploy
from tools.infra.program import Program

ENVIRONMENT = {"AZURE_ENV_NAME": "dev-1", "AZURE_SUBSCRIPTION_ID": "s"}
PROGRAM = """#!/bin/sh
echo "$(basename "$0") $*" >> "$LOG"
case "$(basename "$0") $*" in
    "az group exists"*) [ -n "$GROUP" ] && echo "$GROUP" ;;
    "az rest"*) [ -n "$MADE" ] && echo "$MADE"; true ;;
esac
"""


def run(directory: Path, environment: dict[str, str], *, group: str, made: str = "") -> tuple[int, list[str]]:
    """The script's end and the calls that it made."""
    for name in ("az", "azd"):
        (directory / name).write_text(PROGRAM)
        (directory / name).chmod(0o755)
    (log := directory / "log").touch()
    done = subprocess.run(
        ["sh", str(INFRA / "scripts/budget.sh")],
        env={"PATH": f"{directory}:/usr/bin:/bin", "LOG": str(log), "GROUP": group, "MADE": made, **environment},
        check=False, timeout=60,
    )  # fmt: skip
    return done.returncode, log.read_text().splitlines()


@pytest.mark.parametrize(
    ("group", "made", "kept"),
    [("true", "2026-03-01T00:00:00Z", "2026-03-01"), ("true", "", ""), ("false", "2026-03-01T00:00:00Z", "")],
)
def test_the_month_of_the_budget_at_hand_is_kept(tmp_path: Path, group: str, made: str, kept: str) -> None:
    end, calls = run(tmp_path, ENVIRONMENT, group=group, made=made)
    assert end == 0
    assert calls[0].endswith("--name rg-dev-1")
    assert calls[-1].rstrip() == f"azd env set PIXCRAWLER_BUDGET_START {kept}".rstrip()


def test_who_is_not_signed_in_is_not_given_another_month(tmp_path: Path) -> None:
    end, calls = run(tmp_path, ENVIRONMENT, group="")
    assert end != 0
    assert not any(call.startswith("azd ") for call in calls)


def test_before_there_is_a_subscription_there_is_nothing_to_ask(tmp_path: Path) -> None:
    assert run(tmp_path, {"AZURE_ENV_NAME": "dev-1"}, group="true") == (0, [])


def test_it_asks_for_what_the_infrastructure_makes_and_azd_gives_it_on() -> None:
    hooks = yaml.safe_load((ROOT / "azure.yaml").read_text())["hooks"]["preprovision"]
    kind = re.findall(r"'Microsoft\.Consumption/budgets@(.+)' = \{\n  name: '(.+)'", _read("watching/budget.bicep"))
    [(version, name)] = kind
    for hook in hooks.values():
        script = (ROOT / hook["run"]).read_text()
        assert f"Microsoft.Consumption/budgets?api-version={version}" in script
        assert f"name=='{name}'" in script
        assert "azd env set PIXCRAWLER_BUDGET_START" in script
    assert "resourceGroup: 'rg-${environmentName}'" in _read("main.bicep")
    given = data("main.parameters.json")["parameters"]
    assert given["budgetStart"]["value"] == "${PIXCRAWLER_BUDGET_START=}"


@pytest.mark.parametrize(("amount", "budgets"), [(0, []), (7, [7])])
def test_a_subscription_that_can_have_no_budget_is_asked_for_none(amount: int, budgets: list[int]) -> None:
    program = Program.load(INFRA)
    deploy(INFRA, program, INFRA / "environments/dev.json", {"watching": {"budgetPerMonth": amount}}, "pixcrawler")
    assert not program.report.sorted()
    made = [one.body.fields["properties"] for one in program.deployments if "/budgets@" in one.type]
    assert [arm(properties)["amount"] for properties in made] == budgets


def _read(path: str) -> str:
    return (INFRA / path).read_text()
