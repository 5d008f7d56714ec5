"""Runs the Cosmos DB stand-in: `python -m local.cosmos --port 8081 --data .local/cosmos.sqlite`."""

import argparse
import base64
import binascii
import contextlib
import sys
from pathlib import Path

from local.cosmos import DEFAULT_KEY
from local.cosmos.server import serve
from local.cosmos.store import Store


def _key(text: str) -> str:
    try:
        base64.b64decode(text, validate=True)
    except binascii.Error:
        msg = "an account key is base64"
        raise argparse.ArgumentTypeError(msg) from None
    return text


def main(arguments: list[str] | None = None) -> int:
    """Serve until a signal comes; 1 with a sentence on standard error when the port is taken."""
    parser = argparse.ArgumentParser(prog="python -m local.cosmos", description=__doc__)
    parser.add_argument("--port", type=int, default=8081, help="port on 127.0.0.1 (default: %(default)s)")
    parser.add_argument("--data", type=Path, default=Path(".local/cosmos.sqlite"), help="file that keeps the documents")
    parser.add_argument(
        "--key", type=_key, default=DEFAULT_KEY, help="account key (default: the emulator's public one)"
    )
    chosen = parser.parse_args(arguments)
    with contextlib.closing(Store(chosen.data)) as store:
        try:
            serve(store, host="127.0.0.1", port=chosen.port, key=chosen.key)
        except OSError as error:
            sys.stderr.write(f"Cannot serve on port {chosen.port}: {error.strerror}. Choose another with --port.\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
