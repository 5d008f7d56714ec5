"""Records histories of every orchestrator for `host.json`'s version: `python -m tools.histories [--again]`.

They are replayed by later code (tests/functions/test_histories.py), so that a change that would break what is under way
is found before it is shipped. Takes half a minute: failed activities are tried as often as in earnest.
"""

import json
import shutil
import sys
from argparse import ArgumentParser
from pathlib import Path

from tests.functions.histories import FOLDER, to_json
from tests.functions.orchestration import VERSION
from tests.functions.scenarios import SCENARIOS


def main(arguments: list[str] | None = None, folder: Path = FOLDER) -> int:
    """Record all scenarios; exit code 1 when that was done for this version before."""
    parser = ArgumentParser(prog="python -m tools.histories", description=__doc__)
    again = "replace the histories of this version: right as long as it has run nowhere"
    parser.add_argument("--again", action="store_true", help=again)
    options = parser.parse_args(arguments)
    target = folder / str(VERSION)
    if target.exists() and not options.again:
        sys.stderr.write(
            f"{target} is there: what ran under version {VERSION} must stay as it was. Raise "
            "extensions.durableTask.defaultVersion in host.json, or say --again if this version has run nowhere.\n"
        )
        return 1
    recorded = {name: to_json(scenario().turns) for name, scenario in SCENARIOS.items()}
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for name, executions in recorded.items():
        (target / f"{name}.json").write_text(json.dumps(executions, indent=1, ensure_ascii=False) + "\n")
    sys.stdout.write(f"{len(recorded)} histories are in {target}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
