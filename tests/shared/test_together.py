import asyncio
import threading
from collections.abc import Sequence

import pytest

from shared.together import Together


class Work:
    """Notes its batches, each as soon as `go` is set."""

    def __init__(self) -> None:
        self.batches: list[tuple[str, list[int]]] = []
        self.go = threading.Event()

    def __call__(self, thing: str, wanted: Sequence[int]) -> list[Exception | None]:
        self.go.wait(10)
        self.batches.append((thing, list(wanted)))
        if 13 in wanted:
            msg = "the store is away"
            raise OSError(msg)
        return [ValueError(f"{one} is odd") if one % 2 else None for one in wanted]


async def begun(*work: "asyncio.Task[None]") -> None:
    """Until all of them wait for their outcome."""
    await asyncio.sleep(0)
    assert not any(one.done() for one in work)


async def test_what_comes_while_another_is_at_work_is_one_batch() -> None:
    work = Work()
    together = Together(work)
    tasks = [asyncio.create_task(together.do(thing, one)) for one in range(4) for thing in ("a", "b")]
    await begun(*tasks)
    work.go.set()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert [str(one) for one in found if one] == ["1 is odd", "1 is odd", "3 is odd", "3 is odd"]
    assert sorted(one for thing, one in work.batches if thing == "a") in ([[0, 1, 2, 3]], [[0], [1, 2, 3]])
    await together.do("a", 8)
    assert work.batches[-1] == ("a", [8])


async def test_a_failure_is_everybody_s_in_the_batch_and_nobody_s_after_it() -> None:
    work = Work()
    together = Together(work)
    first = asyncio.create_task(together.do("a", 0))
    await begun(first)
    rest = [asyncio.create_task(together.do("a", one)) for one in (13, 2)]
    await begun(first, *rest)
    work.go.set()
    assert [type(one) for one in await asyncio.gather(first, *rest, return_exceptions=True)] in (
        [type(None), OSError, OSError],
        [OSError, OSError, OSError],
    )
    await together.do("a", 4)
    with pytest.raises(ValueError, match="5 is odd"):
        await together.do("a", 5)


async def test_who_stops_waiting_stops_nobody_else() -> None:
    work = Work()
    together = Together(work)
    impatient = asyncio.create_task(together.do("a", 0))
    await begun(impatient)
    patient = asyncio.create_task(together.do("a", 2))
    await begun(impatient, patient)
    impatient.cancel()
    work.go.set()
    await patient
    with pytest.raises(asyncio.CancelledError):
        await impatient
    assert sorted(one for _, batch in work.batches for one in batch) == [0, 2]
