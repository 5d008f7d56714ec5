"""Looks from time to time at what cannot be counted as it happens."""

import azure.durable_functions as df
import azure.functions as func

from functions.http import in_thread
from functions.seen import seen, told_at_once
from shared.telemetry import export

bp = df.Blueprint()

_START_SECONDS = 20.0


@bp.timer_trigger(arg_name="timer", schedule="30 */5 * * * *", run_on_startup=True)
@told_at_once
@seen
async def measure(timer: func.TimerRequest) -> None:
    """Record how long raw shards wait and how many builds are in each state, where anybody is told."""
    from shared.steps import measure as measuring

    if await in_thread(export.wait, _START_SECONDS):
        await in_thread(measuring.measure)
