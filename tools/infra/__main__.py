"""Checks infra/ and prints `file:line: kind: message` for each fault: `python -m tools.infra`."""

import sys
from pathlib import Path

from tools.infra.check import check
from tools.infra.checkov import run


def main() -> int:
    """Return 1 if anything was found."""
    root = Path(sys.argv[1] if len(sys.argv) > 1 else "infra")
    findings = [*check(root), *run(root)]
    for finding in findings:
        print(finding)  # noqa: T201 - this is what the command is for
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
