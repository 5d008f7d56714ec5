"""Serves the gallery: `python -m local.gallery --port 10100`."""

import argparse
import asyncio
import sys
from pathlib import Path

from local.gallery import CACHE, ports
from local.gallery.catalogue import load
from local.gallery.photographs import GalleryError
from local.gallery.server import serve_until_signal


def main(arguments: list[str] | None = None) -> int:
    """Serve until stopped; exit code 2 if it cannot start."""
    parser = argparse.ArgumentParser(prog="python -m local.gallery", description=__doc__)
    parser.add_argument("--port", type=int, default=10100, help="of the first site; the others follow (%(default)s)")
    parser.add_argument("--cache", type=Path, default=CACHE, help="folder of prepared pictures (%(default)s)")
    options = parser.parse_args(arguments)
    try:
        catalogue = load(options.cache)
        asyncio.run(serve_until_signal(catalogue, options.port))
    except GalleryError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except OSError as error:
        wanted = ports(options.port)
        sys.stderr.write(f"cannot serve on ports {wanted[0]} to {wanted[-1]}: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
