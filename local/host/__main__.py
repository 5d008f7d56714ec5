"""`python -m local.host`: runs a function app until SIGTERM or SIGINT."""

import argparse
import asyncio
import logging
import os
import signal
import sys
from pathlib import Path

from pydantic import SecretStr

from local.host.errors import HostError
from local.host.host import Host
from local.host.loading import load_app
from local.host.logs import configure_logs
from local.host.settings import HostSettings, apply_local_settings

_LOG = logging.getLogger("local.host")
_BODY_LIMIT = "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT"  # the real host's name for it


def main(arguments: list[str]) -> int:
    """Serve; returns 0 after a signal, 2 when the host cannot start."""
    settings = _parse(arguments)
    configure_logs()
    try:
        apply_local_settings(settings.app.resolve().parent, os.environ)
        app = load_app(settings.app)
        asyncio.run(_serve(Host(app, settings, os.environ)))
    except HostError as error:
        _LOG.error("cannot start: %s", error)
        return 2
    return 0


async def _serve(host: Host) -> None:
    end = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, end.set)
    async with host:
        await end.wait()
        _LOG.info("stopping")


def _parse(arguments: list[str]) -> HostSettings:
    defaults = HostSettings()
    parser = argparse.ArgumentParser("python -m local.host", description=__doc__)
    parser.add_argument("--app", type=Path, default=defaults.app, help="the app's file, or its folder")
    parser.add_argument("--port", type=int, default=defaults.port, help="HTTP port on 127.0.0.1; 0 is any free one")
    parser.add_argument("--durable-port", type=int, default=defaults.durable_port, help="the task hub's gRPC port")
    parser.add_argument("--key", action="append", default=[], help="a function key that is accepted; may be repeated")
    parser.add_argument(
        "--grace", type=float, default=defaults.grace_seconds, help="seconds that running work has at the end"
    )
    options = parser.parse_args(arguments)
    return HostSettings(
        app=options.app / defaults.app if options.app.is_dir() else options.app,
        port=options.port,
        durable_port=options.durable_port,
        keys=tuple(SecretStr(key) for key in options.key),
        grace_seconds=options.grace,
        max_body_bytes=int(os.environ.get(_BODY_LIMIT) or defaults.max_body_bytes),
    )


if __name__ == "__main__":
    code = main(sys.argv[1:])
    logging.shutdown()
    sys.stderr.flush()
    os._exit(code)  # a synchronous function that still runs cannot be stopped, and must not keep the process
