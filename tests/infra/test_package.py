"""What a deployment package has: the app, and nothing of the rest."""

import subprocess
from pathlib import PurePosixPath

from pathspec import GitIgnoreSpec

from tests.infra.reading import ROOT

APP = {"functions", "shared", "builder"}
FILES = {"function_app.py", "host.json", "requirements.txt"}


def kept() -> set[str]:
    """Files of the repository that .funcignore lets through."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    ignore = GitIgnoreSpec.from_lines((ROOT / ".funcignore").read_text().splitlines())
    return {name for name in listed if name and not ignore.match_file(name)}


def test_a_package_has_the_app_whole_and_nothing_else() -> None:
    top = {PurePosixPath(name).parts[0] for name in kept()}
    assert top == APP | FILES
    listed = subprocess.run(["git", "ls-files", *APP], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert set(listed.split()) <= kept()


def test_what_lies_about_on_a_developers_machine_stays_there() -> None:
    ignore = GitIgnoreSpec.from_lines((ROOT / ".funcignore").read_text().splitlines())
    for name in (
        ".azure/dev/.env",
        ".venv/x",
        "local.settings.json",
        ".local/data",
        "functions/__pycache__/x.pyc",
        ".env",
    ):
        assert ignore.match_file(name), name
