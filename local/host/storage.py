"""The storage accounts that bindings name, one client per connection; queues with the host's encoding."""

import base64
import contextlib
from collections.abc import Mapping
from typing import Any

from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.storage.blob.aio import BlobServiceClient, ContainerClient
from azure.storage.queue.aio import QueueClient, QueueServiceClient

from local.host.expressions import connection_string

HOSTS_CONTAINER = "azure-webjobs-hosts"  # where the real host keeps its receipts and schedules too

# Short: whoever watches storage looks again anyway, and a wrong address should be told at once.
_RETRY: dict[str, Any] = {"retry_total": 2, "initial_backoff": 1, "increment_base": 0, "random_jitter_range": 0}


class Queue:
    """A storage queue whose messages are bytes; base64 on the wire unless host.json says `messageEncoding: none`."""

    def __init__(self, client: QueueClient, *, encoded: bool) -> None:
        self.client = client
        self._encoded = encoded

    async def send(self, body: bytes) -> None:
        """Append a message; makes the queue if it is not there."""
        text = base64.b64encode(body).decode() if self._encoded else body.decode()
        try:
            await self.client.send_message(text)
        except ResourceNotFoundError:
            with contextlib.suppress(ResourceExistsError):
                await self.client.create_queue()
            await self.client.send_message(text)

    def decode(self, text: str) -> bytes:
        """The body of a message as it came from the wire; ValueError when it is not encoded as it should be."""
        return base64.b64decode(text, validate=True) if self._encoded else text.encode()


class Storage:
    """The storage accounts of one host."""

    def __init__(self, settings: Mapping[str, str], *, encoded_queues: bool) -> None:
        self._settings, self._encoded = settings, encoded_queues
        self._blobs: dict[str, BlobServiceClient] = {}
        self._queues: dict[str, QueueServiceClient] = {}

    def blobs(self, connection: str | None = None) -> BlobServiceClient:
        """The blob service of the account that the setting `connection` names, or of AzureWebJobsStorage."""
        text = connection_string(connection, self._settings)
        if text not in self._blobs:
            self._blobs[text] = BlobServiceClient.from_connection_string(text, **_RETRY)
        return self._blobs[text]

    def queue(self, name: str, connection: str | None = None) -> Queue:
        """A queue of that account."""
        text = connection_string(connection, self._settings)
        if text not in self._queues:
            self._queues[text] = QueueServiceClient.from_connection_string(text, **_RETRY)
        return Queue(self._queues[text].get_queue_client(name), encoded=self._encoded)

    async def hosts_container(self) -> ContainerClient:
        """The host's own container in AzureWebJobsStorage, made if it is not there."""
        container = self.blobs().get_container_client(HOSTS_CONTAINER)
        with contextlib.suppress(ResourceExistsError):
            await container.create_container()
        return container

    async def close(self) -> None:
        """Close all connections."""
        for blobs in self._blobs.values():
            await blobs.close()
        for queues in self._queues.values():
            await queues.close()
