"""A piece of the web on loopback for builds without a network: real photographs, several sites, and their troubles."""

import sys
from pathlib import Path

from local.gallery.exhibits import SITES

__all__ = ["SITES", "command", "ports", "site_urls"]

CACHE = Path(__file__).parent.parent.parent / ".local" / "gallery"


def ports(port: int) -> tuple[int, ...]:
    """The ports of all sites when the first one is `port`."""
    return tuple(port + number for number in range(len(SITES)))


def site_urls(port: int) -> tuple[str, ...]:
    """The addresses of all sites, without trailing slash; the first one also answers `/search`."""
    return tuple(f"http://127.0.0.1:{number}" for number in ports(port))


def command(port: int, *, cache: Path = CACHE) -> list[str]:
    """The command that serves the gallery on `port` and the ports after it; prepared pictures are kept in `cache`."""
    return [sys.executable, "-m", "local.gallery", "--port", str(port), "--cache", str(cache)]
