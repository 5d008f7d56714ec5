"""When Ctrl-C counts, and when it waits."""

import importlib
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from builder.cli.interrupts import interrupts

INTERRUPTED = """
import signal, time
signal.raise_signal(signal.SIGINT)
time.sleep({pause})
{again}
whole = True
"""


AGAIN = "signal.raise_signal(signal.SIGINT)"


@pytest.fixture(params=[(0, ""), (0, AGAIN), (0.25, AGAIN)], ids=["once", "told twice", "twice"])
def module(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The name of a module in whose import SIGINT comes."""
    name = "interrupted_while_imported"
    pause, again = request.param
    (tmp_path / f"{name}.py").write_text(INTERRUPTED.format(pause=pause, again=again))
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    yield name
    sys.modules.pop(name, None)


def test_an_interrupt_waits_for_an_import_and_a_second_does_not(module: str, request: pytest.FixtureRequest) -> None:
    once = request.node.callspec.id != "twice"
    imported = []

    def work() -> None:
        imported.append(importlib.import_module(module))
        signal.pause()  # until it comes

    with interrupts() as interrupted, pytest.raises(KeyboardInterrupt):
        work()
    assert bool(imported) is once
    assert interrupted.is_set()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_elsewhere_it_comes_at_once() -> None:
    with interrupts() as interrupted:
        assert not interrupted.is_set()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        assert interrupted.is_set()


def test_where_it_is_ignored_it_stays_so() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with interrupts() as interrupted:
            signal.raise_signal(signal.SIGINT)
            assert not interrupted.is_set()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_command_may_run_in_another_thread() -> None:
    def work() -> bool:
        with interrupts() as interrupted:
            return interrupted.is_set()

    with ThreadPoolExecutor(1) as threads:
        assert threads.submit(work).result() is False
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
