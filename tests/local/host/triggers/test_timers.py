import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import azure.functions as func
import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob.aio import BlobServiceClient, ContainerClient

from local.host.storage import HOSTS_CONTAINER
from tests.local.host.support import eventually, serve, soon

type Ticks = asyncio.Queue[tuple[bool, dict[str, str]]]


@pytest.fixture
def environment(azurite: str, tmp_path: Path) -> dict[str, str]:
    return {"AzureWebJobsStorage": azurite, "AzureFunctionsWebHost__hostid": tmp_path.name, "WHEN": "0 0 3 * * *"}


def clock(schedule: str, **options: Any) -> tuple[func.FunctionApp, Ticks]:
    app = func.FunctionApp()
    ticks: Ticks = asyncio.Queue()

    @app.timer_trigger(arg_name="tick", schedule=schedule, **options)
    async def Clock(tick: func.TimerRequest) -> None:  # noqa: N802 - names of functions keep their case
        status: Any = tick
        await ticks.put((tick.past_due, status.schedule_status))

    return app, ticks


def status_blob(service: BlobServiceClient, environment: dict[str, str]) -> tuple[ContainerClient, str]:
    name = f"timers/{environment['AzureFunctionsWebHost__hostid']}/Host.Functions.Clock/status"
    return service.get_container_client(HOSTS_CONTAINER), name


async def read_status(environment: dict[str, str]) -> dict[str, str]:
    async with BlobServiceClient.from_connection_string(environment["AzureWebJobsStorage"]) as service:
        container, name = status_blob(service, environment)
        try:
            body = await (await container.download_blob(name)).readall()
        except ResourceNotFoundError:
            return {}
        found: dict[str, str] = json.loads(body)
        return found


async def write_status(environment: dict[str, str], **times: datetime) -> None:
    async with BlobServiceClient.from_connection_string(environment["AzureWebJobsStorage"]) as service:
        container, name = status_blob(service, environment)
        body = json.dumps({key: moment.isoformat() for key, moment in times.items()})
        await container.upload_blob(name, body.encode(), overwrite=True)


@pytest.mark.parametrize("schedule", ["* * * * * *", "00:00:00.5"])
async def test_a_timer_calls_again_and_again_without_any_storage(schedule: str, tmp_path: Path) -> None:
    app, ticks = clock(schedule)
    async with serve(app, tmp_path):
        assert (await soon(ticks.get()))[0] is False
        await soon(ticks.get())


async def test_run_on_startup_calls_at_once_and_the_schedule_is_kept(
    environment: dict[str, str], tmp_path: Path
) -> None:
    app, ticks = clock("%WHEN%", run_on_startup=True)
    async with serve(app, tmp_path, environment):
        assert await soon(ticks.get()) == (False, {})

        async def kept() -> bool:
            return {"Last", "Next", "LastUpdated"} <= (await read_status(environment)).keys()

        await eventually(kept)
    status = await read_status(environment)
    assert datetime.fromisoformat(status["Next"]).hour == 3
    assert datetime.fromisoformat(status["Last"]) <= datetime.now(UTC)


async def test_an_occurrence_that_was_missed_is_made_up_for_at_the_start(
    environment: dict[str, str], tmp_path: Path
) -> None:
    first, ticks = clock("%WHEN%")
    async with serve(first, tmp_path, environment):
        await eventually(lambda: read_status(environment))
    assert ticks.empty()
    yesterday = datetime.now(UTC) - timedelta(days=1)
    await write_status(environment, Next=yesterday)
    second, ticks = clock("%WHEN%")
    async with serve(second, tmp_path, environment):
        past_due, status = await soon(ticks.get())
    assert past_due
    assert status["Next"] == yesterday.isoformat()


async def test_without_the_monitor_nothing_is_kept(environment: dict[str, str], tmp_path: Path) -> None:
    app, ticks = clock("%WHEN%", use_monitor=False, run_on_startup=True)
    async with serve(app, tmp_path, environment):
        await soon(ticks.get())
    async with BlobServiceClient.from_connection_string(environment["AzureWebJobsStorage"]) as service:
        container, name = status_blob(service, environment)
        assert not await container.get_blob_client(name).exists()


async def test_a_failing_timer_goes_on(tmp_path: Path) -> None:
    app = func.FunctionApp()
    calls: asyncio.Queue[None] = asyncio.Queue()

    @app.timer_trigger(arg_name="tick", schedule="00:00:00.1")
    def fails(tick: func.TimerRequest) -> None:
        loop.call_soon_threadsafe(calls.put_nowait, None)
        raise ValueError

    loop = asyncio.get_running_loop()
    async with serve(app, tmp_path):
        for _ in range(3):
            await soon(calls.get())
