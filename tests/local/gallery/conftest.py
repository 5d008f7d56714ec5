"""The gallery, made once for all tests and served for real."""

from collections.abc import Iterator
from itertools import count

import pytest

from local.gallery import command, ports, site_urls
from local.gallery.catalogue import Catalogue, load
from local.processes import free_port, port_answers, spawn, wait_until


def free_ports() -> int:
    """The first of as many consecutive free ports as the gallery has sites."""
    for _ in count():
        port = free_port()
        if ports(port)[-1] < 65_536 and not any(port_answers(number) for number in ports(port)):
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
