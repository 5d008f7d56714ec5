import asyncio

import pytest
from azure.core.exceptions import ServiceRequestError

from local.host.triggers.polling import Poller
from tests.local.host.support import soon


async def test_it_looks_again_after_storage_failed(caplog: pytest.LogCaptureFixture) -> None:
    looks, fourth = 0, asyncio.Event()

    async def look() -> None:
        nonlocal looks
        looks += 1
        if looks < 3:
            raise ServiceRequestError("nobody there")
        if looks == 4:
            fourth.set()

    poller = Poller(look, seconds=0.01, what="queue x")
    poller.start()
    await soon(fourth.wait())
    await poller.stop()
    assert [record.__dict__["watching"] for record in caplog.records] == ["queue x", "queue x"]


async def test_it_looks_no_more_once_stopped() -> None:
    looks: asyncio.Queue[None] = asyncio.Queue()
    poller = Poller(lambda: looks.put(None), seconds=0.01, what="x")
    poller.start()
    await soon(looks.get())
    await poller.stop()
    while not looks.empty():
        looks.get_nowait()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(looks.get(), 0.1)
