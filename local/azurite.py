"""Azurite, Microsoft's storage emulator: how to start it and how to reach it."""

from pathlib import Path

ROOT = Path(__file__).parent.parent
ACCOUNT = "devstoreaccount1"
# Public and the same for everybody: https://learn.microsoft.com/azure/storage/common/storage-use-azurite
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


class NotInstalledError(Exception):
    """Azurite is not where npm puts it; the message says what to do."""


def command(location: Path, *, blob_port: int, queue_port: int, table_port: int) -> list[str]:
    """The command that runs Azurite with its data under `location`; NotInstalledError if it cannot."""
    script = ROOT / "node_modules" / "azurite" / "dist" / "src" / "azurite.js"
    if not script.is_file():
        msg = f"{script} is missing: run `npm ci` (or `make setup`) first"
        raise NotInstalledError(msg)
    ports = {"blob": blob_port, "queue": queue_port, "table": table_port}
    services = [
        word for name, port in ports.items() for word in (f"--{name}Host", "127.0.0.1", f"--{name}Port", str(port))
    ]
    flags = ["--silent", "--disableTelemetry", "--skipApiVersionCheck", "--location", str(location)]
    return ["node", str(script), *flags, *services]


def connection_string(*, blob_port: int, queue_port: int, table_port: int) -> str:
    """The connection string of an Azurite on these ports."""
    ports = {"Blob": blob_port, "Queue": queue_port, "Table": table_port}
    endpoints = "".join(f"{name}Endpoint=http://127.0.0.1:{port}/{ACCOUNT};" for name, port in ports.items())
    return f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};{endpoints}"
