import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from shared.documents import now
from shared.keys import store
from shared.keys.__main__ import main
from shared.keys.text import read_key
from shared.settings import settings

ROOT = Path(__file__).parents[3]


def run(*arguments: str, given: str = "") -> Result:
    return CliRunner().invoke(main, arguments, input=given)


@pytest.mark.usefixtures("stores")
def test_a_key_is_made_listed_checked_and_revoked(owner: str) -> None:
    made = run("create", "--tenant", owner, "--name", "first", "--role", "admin", "--expires-days", "3")
    key = read_key(made.stdout.strip())
    assert key is not None, made.output
    assert "admin of" in made.stderr
    assert key.text not in made.stderr
    document = store.find(key.prefix)
    assert document is not None
    assert (document.owner, document.role, document.created_by) == (owner, "admin", "operator")
    assert run("list", "--tenant", owner).stdout == f"{key.prefix}\tadmin\tvalid\tnever used\tfirst\n"
    assert run("check", given=f"{key.text}\n").stdout == f"{owner}\tadmin\tfirst\n"
    store.note_use(key.prefix, now())
    assert run("revoke", "--tenant", owner, key.prefix).exit_code == 0
    assert f"\trevoked\t{now():%Y-%m-%d}" in run("list", "--tenant", owner).stdout
    checked = run("check", given=key.text)
    assert (checked.exit_code, "revoked" in checked.stderr) == (1, True)


@pytest.mark.usefixtures("stores")
def test_the_module_is_the_command_and_prints_the_key_alone(owner: str) -> None:
    environment = {**os.environ, "PIXCRAWLER_COSMOS_ENDPOINT": settings().cosmos_endpoint}
    command = [sys.executable, "-m", "shared.keys", "create", "--quiet", f"--tenant={owner}", "--name=x"]
    done = subprocess.run(
        [*command, "--role=viewer"], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert read_key(done.stdout.removesuffix("\n")) is not None
    assert done.stderr == ""


@pytest.mark.usefixtures("stores")
@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["create", "--tenant", "No/pe", "--name", "x", "--role", "admin"], 2, "lower-case"),
        (["create", "--tenant", "a", "--name", "x", "--role", "god"], 2, "viewer"),
        (["create", "--tenant", "a", "--name", " ", "--role", "admin"], 1, "not valid: name"),
        (["revoke", "--tenant", "a", "0000000000"], 1, "There is no key"),
        (["check"], 1, "no whole API key"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(arguments: list[str], code: int, told: str) -> None:
    done = run(*arguments)
    assert (done.exit_code, told in done.stderr) == (code, True), done.output
