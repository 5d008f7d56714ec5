"""What machine this is, as far as it can be told."""

import os
import platform
from pathlib import Path

from bench.peers import Peer
from bench.results import Machine


def this_machine(peers: dict[str, Peer]) -> Machine:
    """The processor, its cores, memory, system, this Python, and the peers with theirs."""
    return Machine(
        processor=_processor(),
        processors=os.process_cpu_count() or 1,
        memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        peers={name: f"{peer.version} on Python {peer.python_version}" for name, peer in peers.items()},
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())
