"""Stand-in services for the supervisor's tests."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from local.processes import free_port, port_answers
from local.services import Service

MakeService = Callable[..., Service]


@pytest.fixture
def make_service() -> MakeService:
    """Makes services that listen on a free port: `make_service(name, *arguments of standin.py)`."""

    def make(name: str, *arguments: str | Path, port: int | None = None, on_console: bool = False) -> Service:
        own = port or free_port()
        script = Path(__file__).with_name("standin.py")
        command = (sys.executable, str(script), str(own), *map(str, arguments))
        return Service(name, command, (own,), lambda: port_answers(own), {"STANDIN": name}, on_console)

    return make
