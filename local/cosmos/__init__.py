"""A stand-in for Azure Cosmos DB for NoSQL: its gateway protocol over SQLite, for the real SDK, on one machine.

What it is not: request units are not modelled (every request is charged 1.0), there is one physical partition, writes
are seen at once by everybody, and indexes are never needed. What the service has and this has not answers 501.
It is more lenient than the service seen through the Python SDK in one thing: GROUP BY and several aggregates at once
also work across partitions.
"""

import sys
from pathlib import Path

# Public and the same for everybody: https://learn.microsoft.com/azure/cosmos-db/emulator#authentication
DEFAULT_KEY = "C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM+4QDU5DE2nQ9nDuVTqobD4b8mGGyPMbIZnqyMsEcaGQy67XIw/Jw=="


def command(data: Path, *, port: int) -> list[str]:
    """The command that runs the stand-in on that loopback port with its documents in the SQLite file `data`."""
    return [sys.executable, "-m", "local.cosmos", "--port", str(port), "--data", str(data)]
