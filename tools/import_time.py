"""Prints what importing `function_app` costs in a fresh process: the app's share of a cold start."""

import os
import statistics
import subprocess
import sys

RUNS = 7
CODE = "import time; start = time.perf_counter(); import function_app; print(time.perf_counter() - start)"


def main() -> None:
    """Median over fresh processes; the first one, which may have to compile, is left out."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-c", CODE]
    runs = [float(subprocess.run(command, env=env, capture_output=True, check=True).stdout) for _ in range(RUNS)]  # noqa: S603
    seconds = statistics.median(runs[1:])
    print(f"import function_app: {seconds:.2f} s (median of {RUNS - 1} processes)")  # noqa: T201


if __name__ == "__main__":
    main()
