"""Starts services in order, watches over them, and stops them so that nothing is left behind."""

import contextlib
import fcntl
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, NoReturn, Self

from local.processes import port_answers, spawn
from local.readable import Readable
from local.services import Service, Stages

FREE_SECONDS = 2.0
"""How long a port may stay taken: a stack that was just killed needs a moment to let go."""
STOP_SECONDS = 15.0
TAIL_LINES = 20
POLL_SECONDS = 0.05


class StackError(Exception):
    """The stack cannot run; the message says why and what to do."""

    exit_code = 1


class PortTakenError(StackError):
    """Somebody else listens where a service should."""

    exit_code = 2


class DataInUseError(StackError):
    """Another stack works on the same data."""

    exit_code = 2


class DataUnusableError(StackError):
    """The folder of the stack's data cannot be written."""

    exit_code = 2


class ServiceDiedError(StackError):
    """A service ended that should have kept running, or never came up."""


@dataclass
class Running:
    """A started service."""

    service: Service
    process: subprocess.Popen[bytes]
    log: Path

    def tail(self) -> str:
        """The last lines of its log, for an error message."""
        lines = self.log.read_bytes().decode(errors="replace").splitlines()[-TAIL_LINES:]
        return f"the end of {self.log}:\n" + "\n".join(f"  {line}" for line in lines or ["(nothing)"])


class Supervisor:
    """A stack as a context: all services answer inside, none runs outside. Logs are `data`/logs/NAME.log.

    Entering raises StackError, or what a service's `then` raises; nothing is left running then. `check` raises
    ServiceDiedError once a service has ended.
    """

    def __init__(self, stages: Stages, data: Path, *, start_seconds: float = 60.0, console: bool = False) -> None:
        self.stages = stages
        self.data = data
        self.start_seconds = start_seconds
        self.console = console
        self._running: list[list[Running]] = []
        self._lock: IO[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self._lock_data()  # first: who starts a stack twice should not hear about ports
            self._check_ports()
            for stage in self.stages:
                self._running.append([])
                for service in stage:
                    self._running[-1].append(self._start(service))
                self._wait_until_ready(self._running[-1])
                for service in stage:
                    if service.then is not None:
                        service.then()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.stop()

    def check(self) -> None:
        """Raise ServiceDiedError, with the end of its log, if a service has ended."""
        for running in (one for stage in self._running for one in stage):
            code = running.process.poll()
            if code is not None:
                name = running.service.name
                msg = f"{name} ended unexpectedly with exit code {code}; {running.tail()}"
                raise ServiceDiedError(msg)

    def watch(self) -> NoReturn:
        """Check for ever."""
        while True:
            self.check()
            time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """Stop what runs, last stage first; what does not end in time is killed."""
        with deaf():
            while self._running:
                stage = self._running.pop()
                for running in stage:
                    running.process.terminate()
                deadline = time.monotonic() + STOP_SECONDS
                for running in stage:
                    _end(running.process, deadline)
            if self._lock is not None:
                self._lock.close()
                self._lock = None

    def _check_ports(self) -> None:
        deadline = time.monotonic() + FREE_SECONDS
        for service in (one for stage in self.stages for one in stage):
            for port in service.ports:
                while is_taken(port):
                    if time.monotonic() > deadline:
                        msg = (
                            f"port {port}, which {service.name} needs, is taken: stop what listens there, "
                            f"or choose another (a setting PIXCRAWLER_LOCAL_..._PORT: "
                            f"`.venv/bin/python -m local up --help` lists them)"
                        )
                        raise PortTakenError(msg)
                    time.sleep(POLL_SECONDS)

    def _lock_data(self) -> None:
        """Hold a lock for as long as this process lives, however it ends."""
        try:
            (self.data / "logs").mkdir(parents=True, exist_ok=True)
            self._lock = (self.data / "lock").open("wb")
        except OSError as error:
            msg = f"{error.filename} cannot be written ({error.strerror}): set PIXCRAWLER_LOCAL_DATA to another folder"
            raise DataUnusableError(msg) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            msg = f"another stack works on {self.data}: stop it, or set PIXCRAWLER_LOCAL_DATA to another folder"
            raise DataInUseError(msg) from None

    def _start(self, service: Service) -> Running:
        log = self.data / "logs" / f"{service.name}.log"
        if log.exists():
            log.replace(log.with_suffix(".log.1"))
        environment = {**os.environ, **service.env, "PYTHONUNBUFFERED": "1"}
        with log.open("wb") as file:
            if not (self.console and service.on_console):
                return Running(service, spawn(service.command, env=environment, output=file), log)
        return Running(service, _spawn_shown(service, environment, log), log)

    def _wait_until_ready(self, stage: list[Running]) -> None:
        deadline = time.monotonic() + self.start_seconds
        waiting = list(stage)
        while waiting:
            self.check()
            waiting = [running for running in waiting if not running.service.ready()]
            if waiting and time.monotonic() > deadline:
                running = waiting[0]
                ports = ", ".join(map(str, running.service.ports))
                msg = f"{running.service.name} (port {ports}) did not become ready in {self.start_seconds:g} s; "
                raise ServiceDiedError(msg + running.tail())
            time.sleep(POLL_SECONDS)


def is_taken(port: int) -> bool:
    """Whether a loopback port cannot be listened on."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return port_answers(port)  # some systems let two listen: one on this address, one on all


@contextlib.contextmanager
def deaf() -> Iterator[None]:
    """Ignore SIGINT and SIGTERM for a while: a second Ctrl-C must not stop the stopping."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(process: subprocess.Popen[bytes], deadline: float) -> None:
    """Wait until the deadline, then let go of the leash, which kills the service."""
    try:
        process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        if process.stdin is not None:
            process.stdin.close()
        process.wait()


def _spawn_shown(service: Service, environment: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    """Start a service whose output goes to its log and, for people if a terminal shows it, to this process's output."""
    reader, writer = os.pipe()
    with os.fdopen(writer, "wb") as output:
        process = spawn(service.command, env=environment, output=output)

    readable = Readable() if sys.stdout.isatty() else None

    def copy() -> None:
        with os.fdopen(reader, "rb", buffering=0) as source, log.open("ab", buffering=0) as file:
            piece = b" "
            while piece:
                piece = source.read(65_536)
                file.write(piece)
                with contextlib.suppress(OSError, ValueError):  # nobody looks at the console any more
                    sys.stdout.buffer.write(readable.feed(piece) if readable else piece)
                    sys.stdout.flush()

    threading.Thread(target=copy, name=f"log-{service.name}", daemon=True).start()
    return process
