"""The README's requests, word for word, against a running stack."""

import json
import subprocess
from typing import Any

from tests.e2e.conftest import Stack
from tests.readme import ROOT, commands

ADDRESS = "http://127.0.0.1:7071"
KEY_FILE = ".local/api-key"


def test_the_requests_of_the_readme_do_what_it_says(stack: Stack) -> None:
    base = f"http://127.0.0.1:{stack.ports['HOST']}"
    requests = [command for command in commands(ROOT / "README.md") if command.startswith("curl")]
    assert len(requests) == 2
    answers: list[dict[str, Any]] = []
    for request in requests:
        assert ADDRESS in request
        assert KEY_FILE in request
        command = request.replace(ADDRESS, base).replace(KEY_FILE, str(stack.data / "api-key"))
        shell = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, timeout=30, check=True)
        answers.append(json.loads(shell.stdout))
    created, listed = answers
    assert created["name"] == "pets"
    assert created["state"] == "queued"
    assert created["id"] in [one["id"] for one in listed["datasets"]]
    done = stack.finished(created["id"])
    assert (done["state"], [label["accepted"] for label in done["progress"]["labels"]]) == ("ready", [10, 10])
    exports = stack.api.get(f"/datasets/{created['id']}/exports").json()["exports"]
    assert sorted(one["format"] for one in exports) == ["imagefolder", "webdataset"]
