"""Queue triggers: messages are leased, given to the function, then deleted, or moved to `{queue}-poison` in the end.

A poison queue has no poison queue of its own: what fails there keeps its lease and comes back when that ends.
"""

import asyncio
import contextlib
import logging

from azure.core.exceptions import ResourceNotFoundError
from azure.storage.queue import QueueMessage

from local.host.config import HostJson
from local.host.context import HostRetryContext
from local.host.functions import Function
from local.host.invocation import Invoker, Jobs
from local.host.storage import Queue, Storage
from local.host.triggers.polling import Poller
from local.host.triggers.values import queue_value

_LOG = logging.getLogger(__name__)
# The real host leases for ten minutes. A lease that is renewed while the function runs may be short, and then what a
# killed host had in hand comes back soon.
_LEASE_SECONDS = 30
_POISON = "-poison"


class QueueListener:
    """Polls one queue for one function, with host.json's batch size, threshold and limit of dequeues."""

    def __init__(
        self, function: Function, invoker: Invoker, jobs: Jobs, storage: Storage, *, config: HostJson, seconds: float
    ) -> None:
        self._function, self._invoker, self._jobs = function, invoker, jobs
        self._options = config.extensions.queues
        name, connection = function.trigger.text("queueName") or "", function.trigger.text("connection")
        self._queue = storage.queue(name, connection)
        self._poison = None if name.endswith(_POISON) else storage.queue(name + _POISON, connection)
        self._in_hand = 0
        threshold = self._options.new_batch_threshold
        self._threshold = self._options.batch_size // 2 if threshold is None else threshold
        interval = min(seconds, self._options.max_polling_interval.total_seconds())
        self._poller = Poller(self._look, seconds=interval, what=f"queue {name}")

    async def start(self) -> None:
        """Begin to poll."""
        self._poller.start()

    async def stop(self) -> None:
        """Poll no more; a message in hand is finished, or comes back when its lease ends."""
        await self._poller.stop()

    async def run_by_hand(self, text: str) -> None:
        """Put `text` into the queue: that is how a queue function is called."""
        await self._queue.send(text.encode())

    async def _look(self) -> None:
        with contextlib.suppress(ResourceNotFoundError):  # the queue need not exist yet
            while self._in_hand <= self._threshold:
                size = self._options.batch_size
                messages = self._queue.client.receive_messages(
                    messages_per_page=size, max_messages=size, visibility_timeout=_LEASE_SECONDS
                )
                batch = [message async for message in messages]
                for message in batch:
                    self._in_hand += 1
                    self._jobs.start(self._process(message))
                if not batch:
                    return

    async def _process(self, message: QueueMessage) -> None:
        finished = asyncio.Event()
        lease = asyncio.create_task(self._renew(message, finished))
        try:
            outcome = await self._succeeds(message)
        finally:
            self._in_hand -= 1
            finished.set()
            await asyncio.gather(lease, return_exceptions=True)  # only its last receipt lets us delete the message
        if outcome:
            await self._queue.client.delete_message(message)
        elif self._poison is None:
            return
        elif outcome is None or (message.dequeue_count or 0) >= self._options.max_dequeue_count:
            await self._give_up(message, self._poison)
        else:
            seconds = round(self._options.visibility_timeout.total_seconds())
            await self._queue.client.update_message(message, visibility_timeout=seconds)

    async def _succeeds(self, message: QueueMessage) -> bool | None:
        """Call the function; None means that no further call could succeed."""
        if self._poison and (message.dequeue_count or 0) > self._options.max_dequeue_count:
            return None  # its last call never ended: it may be what kills hosts
        try:
            value = queue_value(self._function, self._queue.decode(message.content), message)
        except ValueError:
            _LOG.exception("the message cannot be decoded", extra={"function": self._function.name})
            return None
        retry = HostRetryContext((message.dequeue_count or 1) - 1, self._options.max_dequeue_count)
        try:
            await self._invoker.invoke(self._function, value, retry=retry)
        except Exception:  # noqa: BLE001 - the invoker has logged it
            return False
        return True

    async def _renew(self, message: QueueMessage, finished: asyncio.Event) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(finished.wait(), _LEASE_SECONDS / 2)
                return
            renewed = await self._queue.client.update_message(message, visibility_timeout=_LEASE_SECONDS)
            message.pop_receipt = renewed.pop_receipt

    async def _give_up(self, message: QueueMessage, poison: Queue) -> None:
        try:
            body = self._queue.decode(message.content)
        except ValueError:
            body = message.content.encode()
        await poison.send(body)
        await self._queue.client.delete_message(message)
        _LOG.error("the message is given up", extra={"function": self._function.name, "message_id": message.id})
