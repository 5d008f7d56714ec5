"""The hook that subscribes the events, run with programs for curl, az and sleep that note how they are called."""

import subprocess
from pathlib import Path

import pytest

from tests.infra.reading import INFRA

OUTPUTS = {
    "AZURE_RESOURCE_GROUP": "rg-x",
    "PIXCRAWLER_FUNCTION_APP": "func-x",
    "PIXCRAWLER_URL": "https://func-x.example",
    "PIXCRAWLER_STORAGE_ACCOUNT": "stx",
    "PIXCRAWLER_SYSTEM_TOPIC": "evgt-x",
    "PIXCRAWLER_DEAD_LETTER_CONTAINER": "dead-letter",
}
PROGRAM = """#!/bin/sh
echo "$(basename "$0") $*" >> "$LOG"
case "$(basename "$0") $*" in
    "az functionapp"*) [ "$(grep -c '^az functionapp' "$LOG")" -ge "$KEY_AT" ] && echo there ;;
    "az deployment"*) [ "$(grep -c '^az deployment' "$LOG")" -ge "$DEPLOYED_AT" ] ;;
esac
"""


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    for name in ("curl", "az", "sleep"):
        (tmp_path / name).write_text(PROGRAM)
        (tmp_path / name).chmod(0o755)
    return tmp_path


def run(
    programs: Path, outputs: dict[str, str], *, key_at: int = 1, deployed_at: int = 1
) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """The script's end and the calls that it made. The key is there at look `key_at`, try `deployed_at` succeeds."""
    log = programs / "log"
    log.touch()
    done = subprocess.run(
        ["sh", str(INFRA / "scripts/subscribe.sh")],
        env={
            "PATH": f"{programs}:/usr/bin:/bin", "LOG": str(log),
            "KEY_AT": str(key_at), "DEPLOYED_AT": str(deployed_at), **outputs,
        },
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    return done, log.read_text().splitlines()


def test_it_waits_for_the_key_and_tries_again(programs: Path) -> None:
    done, calls = run(programs, OUTPUTS, key_at=3, deployed_at=2)
    assert done.returncode == 0, done.stderr
    assert calls[0].startswith("curl ")
    assert "https://func-x.example/api/v1/health/live" in calls[0]
    assert sum(call.startswith("az functionapp") for call in calls) == 3
    deployments = [call for call in calls if call.startswith("az deployment group create")]
    assert len(deployments) == 2
    assert "--resource-group rg-x" in deployments[0]
    assert (
        "functionAppName=func-x storageAccountName=stx systemTopicName=evgt-x deadLetterContainer=dead-letter"
        in deployments[0]
    )


def test_it_gives_up_and_says_what_to_do(programs: Path) -> None:
    done, calls = run(programs, OUTPUTS, key_at=1000)
    assert done.returncode == 1
    assert "azd hooks run postdeploy" in done.stderr
    assert not any(call.startswith("az deployment") for call in calls)


def test_a_deployment_that_goes_on_failing_fails_the_hook(programs: Path) -> None:
    done, _ = run(programs, OUTPUTS, deployed_at=1000)
    assert done.returncode == 1
    assert "docs/azure.md" in done.stderr


def test_outside_of_azd_it_does_nothing(programs: Path) -> None:
    done, calls = run(programs, {})
    assert done.returncode != 0
    assert "azd env get-values" in done.stderr
    assert calls == []
