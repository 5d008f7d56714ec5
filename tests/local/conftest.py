"""A gallery that is served for real, and stand-in services for the supervisor."""

import os
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from local.gallery import SITES, command, ports, site_urls
from local.gallery.catalogue import Catalogue, load
from local.processes import free_port, port_answers, spawn, wait_until
from local.services import Service
from local.supervisor import is_taken

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


def free_ports() -> int:
    """The first of as many consecutive free ports as the gallery has sites.

    Below the ports that systems hand out by themselves, and elsewhere in each process: nobody else takes one meanwhile.
    """
    sites = len(SITES)
    for step in count(os.getpid()):
        port = 20_000 + step * sites % 10_000
        if not any(is_taken(number) for number in ports(port)):
            return port
    raise AssertionError


@pytest.fixture(scope="session")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    # the parent of the base folder is shared by the workers of pytest-xdist
    return load(tmp_path_factory.getbasetemp().parent / "gallery")


@pytest.fixture(scope="session")
def sites(catalogue: Catalogue) -> Iterator[tuple[str, ...]]:
    """The addresses of a running gallery."""
    port = free_ports()
    process = spawn(command(port, cache=catalogue.folder.parent))
    try:
        wait_until(lambda: all(port_answers(number) for number in ports(port)), 20, "the gallery answering")
        yield site_urls(port)
    finally:
        process.terminate()
        process.wait(10)
