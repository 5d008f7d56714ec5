"""Runs checkov over infra/: insecure settings that a schema allows. `make setup` gives it an environment of its own.

A check that does not fit is skipped in the file: `// checkov:skip=CKV_AZURE_1: why`. No reason given is a finding.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from tools.infra.report import Finding, Place

BINARY = Path(sys.prefix) / "checkov/bin/checkov"
SKIP = re.compile(r"checkov:skip=(?P<check>[A-Z0-9_]+)(?::\s*(?P<reason>.*))?")
ENOUGH = 15  # characters: less is no reason


class CheckovError(Exception):
    """Checkov did not come to a result."""


def run(root: Path) -> list[Finding]:
    """Return what checkov finds in the Bicep files under `root`. Raises CheckovError."""
    if not BINARY.exists():
        raise CheckovError(f"checkov is not at {BINARY}: run `make setup`")
    command: list[str | Path] = [
        BINARY,
        "-d",
        root,
        "--framework",
        "bicep",
        "--skip-download",
        "--compact",
        "--quiet",
        "-o",
        "json",
    ]
    # Without a home it keeps nothing; the proxy that is none makes sure that nothing is asked of the network.
    nowhere = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9", "LOG_LEVEL": "ERROR"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | nowhere)  # noqa: S603
    try:
        answer = json.loads(done.stdout)
    except ValueError as error:
        raise CheckovError(f"checkov gave no JSON: {done.stderr.strip()[-500:]}") from error
    return [*findings(answer, root), *unexplained(root)]


def findings(answer: dict[str, Any], root: Path) -> list[Finding]:
    """Return the failed checks of an answer, and the files that checkov could not read: it says of those only that."""
    results = answer.get("results", {"failed_checks": [], "parsing_errors": []})
    made = []
    for failed in results["failed_checks"]:
        place = Place(root / failed["file_path"].lstrip("/"), failed["file_line_range"][0])
        made.append(Finding(place, "checkov", f"{failed['check_id']}: {failed['check_name']} ({failed['resource']})"))
    unread = "checkov does not parse this file, so it checks nothing in it"
    return made + [Finding(Place(Path(path), 1), "checkov", unread) for path in results["parsing_errors"]]


def unexplained(root: Path) -> list[Finding]:
    """Return the suppressions without a reason."""
    made = []
    for path in sorted(root.rglob("*.bicep")):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            skip = SKIP.search(line)
            if skip and len((skip["reason"] or "").strip()) < ENOUGH:
                made.append(Finding(Place(path, number), "checkov", f"{skip['check']} is skipped without a reason"))
    return made
