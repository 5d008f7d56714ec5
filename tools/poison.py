"""What was given up on the way from storage to the app: `python -m tools.poison list`, `requeue`, `redeliver`.

- A blob trigger that failed five times leaves a message in `webjobs-blobtrigger-poison`. The app reads it, and marks
  the shard or the upload failed. A message that the app failed to read as often stays there, and is read no more.
- An event that could not be delivered lies in the container `dead-letter`.

Storage is the one that AzureWebJobsStorage names, or on Azure AzureWebJobsStorage__blobServiceUri and
AzureWebJobsStorage__queueServiceUri, with the identity of whoever is signed in.
"""

import base64
import binascii
import json
import os
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient

QUEUE = "webjobs-blobtrigger-poison"
TRIES = 5  # maxDequeueCount of the host; a queue whose name ends with -poison has no poison queue of its own
DEAD_LETTERS = "dead-letter"
_SHOWN = 32  # a queue shows no more at once
_LEASE_SECONDS = 600  # a message that was tried cannot be seen for as long


class Storage:
    """The storage account."""

    def __init__(self, blobs: BlobServiceClient, queues: QueueServiceClient) -> None:
        self.blobs = blobs
        self.queues = queues

    def waiting(self) -> tuple[int, list[tuple[int, str]]]:
        """About how many messages there are, hidden ones too; of the first that can be seen: tries, and which blob."""
        queue = self.queues.get_queue_client(QUEUE)
        try:
            seen = [(one.dequeue_count or 0, _blob_of(one.content)) for one in queue.peek_messages(_SHOWN)]
            return queue.get_queue_properties().approximate_message_count or 0, seen
        except ResourceNotFoundError:  # nothing has ever been put there
            return 0, []

    def requeue(self) -> int:
        """Have the app read what it has stopped reading. Returns how many messages."""
        queue = self.queues.get_queue_client(QUEUE)
        moved = 0
        try:
            for message in list(queue.receive_messages(visibility_timeout=_LEASE_SECONDS)):
                if (message.dequeue_count or 0) > TRIES:
                    # The copy is there before the message goes: reading one twice changes nothing.
                    queue.send_message(message.content)
                    queue.delete_message(message)
                    moved += 1
                else:
                    queue.update_message(message, visibility_timeout=0)
        except ResourceNotFoundError:
            return moved
        return moved

    def dead_letters(self) -> Iterator[tuple[str, list[dict[str, Any]]]]:
        """Blobs of undelivered events, with the events."""
        container = self.blobs.get_container_client(DEAD_LETTERS)
        try:
            for name in container.list_blob_names():
                yield name, json.loads(container.download_blob(name).readall())
        except ResourceNotFoundError:
            return

    def redeliver(self) -> int:
        """Write the blobs of undelivered events anew, for which there are new events, and remove the old ones.

        Returns how many there were. What is gone meanwhile needs no event.
        """
        done = 0
        for name, events in list(self.dead_letters()):
            for event in events:
                self._write_anew(*_subject(event))
                done += 1
            self.blobs.get_blob_client(DEAD_LETTERS, name).delete_blob()
        return done

    def _write_anew(self, container: str, name: str) -> None:
        blob = self.blobs.get_blob_client(container, name)
        try:
            stream = blob.download_blob()
        except ResourceNotFoundError:
            return
        blob.upload_blob(stream.chunks(), overwrite=True, metadata=stream.properties.metadata)


def _blob_of(content: str) -> str:
    """`container/name` of the blob that a message is about, or the message itself when it is about something else."""
    try:
        told = json.loads(base64.b64decode(content, validate=True))
        return f"{told['ContainerName']}/{told['BlobName']}"
    except (binascii.Error, ValueError, KeyError, TypeError):
        return content


def _subject(event: dict[str, Any]) -> tuple[str, str]:
    """Container and name of the blob that an event is about."""
    _, _, rest = str(event["subject"]).partition("/containers/")
    container, _, name = rest.partition("/blobs/")
    return container, name


def connect() -> Storage:
    """The storage account that the environment names; ValueError when it names none."""
    connection = os.environ.get("AzureWebJobsStorage")  # noqa: SIM112 (it is called so)
    if connection:
        return Storage(
            BlobServiceClient.from_connection_string(connection), QueueServiceClient.from_connection_string(connection)
        )
    uris = [os.environ.get(f"AzureWebJobsStorage__{kind}ServiceUri", "") for kind in ("blob", "queue")]
    if any(urlsplit(uri).scheme != "https" for uri in uris):
        msg = "set AzureWebJobsStorage, or AzureWebJobsStorage__blobServiceUri and AzureWebJobsStorage__queueServiceUri"
        raise ValueError(msg)
    from azure.identity import DefaultAzureCredential

    credential = DefaultAzureCredential()
    return Storage(BlobServiceClient(uris[0], credential), QueueServiceClient(uris[1], credential))


def show(storage: Storage) -> None:
    """Print all of it."""
    count, seen = storage.waiting()
    sys.stdout.write(f"{QUEUE}: {count} messages, {len(seen)} shown; those that were tried cannot be seen for 10 min\n")
    for tries, blob in seen:
        sys.stdout.write(f"  tried {tries} times{' (not any more: `requeue`)' if tries >= TRIES else ''}\t{blob}\n")
    sys.stdout.write(f"{DEAD_LETTERS}: events that were not delivered (`redeliver`)\n")
    for _, events in storage.dead_letters():
        for event in events:
            sys.stdout.write(f"  {event.get('deadLetterReason')}\t{'/'.join(_subject(event))}\n")


def main(arguments: list[str] | None = None) -> int:
    """Do what is asked; exit code 1 when storage cannot be worked with."""
    parser = ArgumentParser(prog="python -m tools.poison", description=__doc__)
    parser.add_argument("command", choices=("list", "requeue", "redeliver"))
    command = parser.parse_args(arguments).command
    try:
        storage = connect()
        if command == "list":
            show(storage)
        elif command == "requeue":
            sys.stdout.write(f"{storage.requeue()} messages are read again\n")
        else:
            sys.stdout.write(f"{storage.redeliver()} events are sent again\n")
    except (AzureError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
