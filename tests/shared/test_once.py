import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.once import once


def test_many_threads_get_one_thing() -> None:
    calls = []
    gate = threading.Barrier(8)

    @once
    def make() -> object:
        calls.append(1)
        return object()

    def ask(_: int) -> object:
        gate.wait(10)
        return make()

    with ThreadPoolExecutor(8) as pool:
        assert len(set(map(id, pool.map(ask, range(8))))) == 1
    assert len(calls) == 1


def test_a_failure_is_not_kept() -> None:
    answers = iter([OSError("down"), "up"])

    @once
    def make() -> str:
        answer = next(answers)
        if isinstance(answer, OSError):
            raise answer
        return str(answer)

    with pytest.raises(OSError, match="down"):
        make()
    assert make() == "up"
    assert make() == "up"
