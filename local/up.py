"""Keeps the local stack running until it is told to stop."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from local import first_key
from local.azurite import NotInstalledError
from local.config import StackSettings
from local.first_key import FirstKeyError
from local.services import Stages, stack
from local.supervisor import StackError, Supervisor


@contextmanager
def interruptible() -> Iterator[None]:
    """Make SIGTERM do what Ctrl-C does: raise KeyboardInterrupt, so that every context is left in order."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def up(settings: StackSettings, *, stages: Stages | None = None, with_host: bool = True) -> int:
    """Run the stack until SIGINT or SIGTERM. Exit codes: 0 stopped, 1 a service failed, 2 it cannot start."""
    console = Console(highlight=False, soft_wrap=True, markup=False)
    errors = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)
    try:
        with interruptible():
            stages = stack(settings, with_host=with_host) if stages is None else stages
            console.print("Starting the local stack...")
            with Supervisor(stages, settings.data, start_seconds=settings.start_seconds, console=True) as supervisor:
                for service in (one for stage in stages for one in stage):
                    ports = ", ".join(f"127.0.0.1:{port}" for port in service.ports)
                    console.print(f"  {service.name:<10} {ports}")
                ready = settings.api if with_host else "all but the Functions host, which is yours to start"
                told = _how_to_ask(settings, first_key.read(settings.data))
                console.print(f"Ready: {ready}\n{told}Logs and data: {settings.data}. Ctrl-C stops it.")
                supervisor.watch()
    except KeyboardInterrupt:
        console.print("Stopped.")
        return 0
    except StackError as error:
        errors.print(str(error))
        return error.exit_code
    except FirstKeyError as error:
        errors.print(str(error))
        return 1
    except NotInstalledError as error:
        errors.print(str(error))
        return 2


def _how_to_ask(settings: StackSettings, key: str | None) -> str:
    """The key, and a request that it opens; nothing if there is no key."""
    if key is None:
        return ""
    file = settings.data / first_key.FILE
    return (
        f"API key (admin of the tenant `{first_key.TENANT}`, kept in {file}):\n  {key}\n"
        f"Try: curl -H \"Authorization: Bearer $(cat '{file}')\" {settings.api}/me\n"
    )
