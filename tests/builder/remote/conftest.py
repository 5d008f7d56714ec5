"""A played API, a clock that pauses move, and a client with both."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from builder.remote.client import Client
from builder.remote.transport import Waiting
from tests.builder.remote.server import Server, serving

KEY = "pxc_secret"


@dataclass
class Clock:
    """Pauses take no time, but the clock believes that they do."""

    now: float = 0.0
    pauses: list[float] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    def waiting(self, patience: float = 90) -> Waiting:
        return Waiting(patience, self.pause, self.told.append, lambda: self.now)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture
def client(server: Server, clock: Clock) -> Client:
    return Client(server.url, KEY, waiting=clock.waiting(), proxies=False)
