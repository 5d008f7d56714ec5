"""The orchestrator that hands one event to one webhook: attempts, with pauses between them, until one is accepted."""

from collections.abc import Generator
from datetime import timedelta
from typing import Any

import azure.durable_functions as df
from durabletask.task import OrchestrationContext, RetryPolicy, TaskFailedError

from shared.tasks import DeliverTask, SendTask

bp = df.Blueprint()

RETRY = RetryPolicy(first_retry_interval=timedelta(seconds=1), max_number_of_attempts=3, backoff_coefficient=3.0)
"""For stores that do not answer; a webhook that does not is no failure of the activity."""


@bp.orchestration_trigger(context_name="context")
def deliver_webhook(context: OrchestrationContext, request: dict[str, Any]) -> Generator[Any, Any, Any]:
    """Deliver an event. Input: a `DeliverTask`. Output: the last `SendOutcome`."""
    task = DeliverTask.model_validate(request)
    outcome = "failed"
    for attempt, pause in enumerate((0.0, *task.pauses), start=1):
        if pause:
            yield context.create_timer(timedelta(seconds=pause))
        one = SendTask(**task.model_dump(exclude={"pauses", "attempt"}), attempt=attempt)
        try:
            outcome = yield context.call_activity("send_webhook", input=one.model_dump(), retry_policy=RETRY)
        except TaskFailedError:
            outcome = "failed"
        if outcome != "failed":
            break
    return outcome
