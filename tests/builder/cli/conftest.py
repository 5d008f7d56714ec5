"""Commands run in the tests' own process, and a site for them to visit."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from builder.cli.main import main
from tests.builder.cli.site import Site, serving


@pytest.fixture
def site() -> Iterator[Site]:
    with serving(Site(24)) as running:
        yield running


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    returncode: int
    stdout: str
    stderr: str


type Run = Callable[..., Done]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs a command in this process, which costs no start of another."""

    def call(*arguments: str | Path) -> Done:
        code = main([str(argument) for argument in arguments])
        return Done(code, *capfd.readouterr())

    return call
