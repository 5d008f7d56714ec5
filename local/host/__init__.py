"""A stand-in for the Azure Functions host: runs a Python function app on this machine, from its own app object.

Serves HTTP, Durable Functions, blob, queue and timer triggers. `python -m local.host --help` says how to start it.
"""

import sys
from pathlib import Path


def command(app: Path, *, port: int, durable_port: int = 0) -> list[str]:
    """The command that serves the app in the file `app` on loopback `port`; durable port 0 is any free one."""
    ports = ["--port", str(port), "--durable-port", str(durable_port)]
    return [sys.executable, "-m", "local.host", "--app", str(app), *ports]
