import asyncio

import pytest

from shared.telemetry import trace
from shared.telemetry.trace import span

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_work_goes_on_in_the_trace_it_is_given() -> None:
    with span("work", PARENT):
        found = trace.ids()
        assert found is not None
        assert found[0] == PARENT.split("-")[1]
        assert found[1] != PARENT.split("-")[2]
        assert trace.traceparent() == f"00-{found[0]}-{found[1]}-01"
    assert trace.ids() is None
    assert trace.traceparent() is None


@pytest.mark.parametrize("parent", [None, "", "nonsense", "00-" + "0" * 32 + "-" + "0" * 16 + "-01", PARENT + "-x"])
def test_without_a_valid_parent_a_trace_begins(parent: str | None) -> None:
    with span("one", parent):
        first = trace.ids()
        with span("below", None):
            below = trace.ids()
    with span("two", parent):
        second = trace.ids()
    assert first is not None
    assert below is not None
    assert second is not None
    assert first[0] == below[0] != second[0]
    assert first[1] != below[1]


def test_threads_and_tasks_are_of_the_trace() -> None:
    async def work() -> None:
        with span("work", PARENT):
            assert await asyncio.to_thread(trace.ids) == trace.ids()

    asyncio.run(work())


def test_an_exception_passes() -> None:
    with pytest.raises(KeyError), span("work", PARENT):
        raise KeyError
    assert trace.ids() is None
