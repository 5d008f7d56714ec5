"""A tiny service for the supervisor's tests: `standin.py PORT [--ledger FILE] [--stubborn] [--fail-if FILE]`."""

import argparse
import os
import signal
import socket
import sys
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("--ledger", type=Path, help="gets a line when this starts and one when it is asked to stop")
    parser.add_argument("--stubborn", action="store_true", help="do not stop when asked to")
    parser.add_argument("--fail-if", type=Path, help="end with code 3 once this file exists")
    options = parser.parse_args()
    name = os.environ.get("STANDIN", "standin")

    def note(event: str) -> None:
        if options.ledger:
            with options.ledger.open("a") as ledger:
                ledger.write(f"{event} {name}\n")

    def stop(*_: object) -> None:
        note("stop")
        if not options.stubborn:
            sys.exit(0)

    signal.signal(signal.SIGTERM, stop)
    note("start")
    print(f"{name} speaks", flush=True)  # noqa: T201 - what a service prints is what its log is for
    with socket.create_server(("127.0.0.1", options.port)) as server:
        server.settimeout(0.05)
        while not (options.fail_if and options.fail_if.exists()):
            try:
                server.accept()[0].close()
            except TimeoutError:
                continue
    print("it hurts", flush=True)  # noqa: T201
    sys.exit(3)


if __name__ == "__main__":
    main()
