"""The server that worker processes are forked off: it imports what they need once, and early."""

import multiprocessing
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext

_WORKER = "builder.worker"


def context() -> ForkServerContext:
    """What makes processes and pipes ("forkserver" is safe where the caller has threads, unlike "fork")."""
    made = multiprocessing.get_context("forkserver")
    made.set_forkserver_preload([_WORKER])
    return made


def warm_up() -> None:
    """Start the server now, unless it runs: it imports while the caller is still busy with its own imports."""
    context()
    forkserver.ensure_running()
