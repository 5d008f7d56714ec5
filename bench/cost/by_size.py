"""How many requests to storage a blob takes: of the app, by its size, and of the Functions host that tells of it."""

import math
from dataclasses import dataclass

from builder.rounds import SHARD_SIZE
from shared.blobs import BLOCK_BYTES, IN_MEMORY_BYTES

# What the host's blob trigger does for a blob that Event Grid tells of, as its extension's source has it
# (Azure/azure-sdk-for-net, Microsoft.Azure.WebJobs.Extensions.Storage.Blobs: `BlobQueueTriggerExecutor`,
# `BlobCausalityManager`, `BlobTriggerBinding`) and not measured. A message is put into a queue, taken out and deleted.
# The blob's properties are asked for three times: to find it, for who wrote it, for the trigger's metadata. Its
# content is not read, for the function does not take it (`functions.blob_reference`).
HOST_QUEUE, HOST_LOOKS = 3, 3

_ROW_BYTES = 2_048
"""Of a raw shard for each candidate beside its picture: a row and two tar headers; an estimate."""


def put(size: float) -> int:
    """Writing so many bytes as a stream (`shared.blobs.BlobFolder.write`)."""
    return 1 if size <= IN_MEMORY_BYTES else math.ceil(size / BLOCK_BYTES) + 1


def get(size: float) -> int:
    """Reading them."""
    return 1 + math.ceil(max(0.0, size - IN_MEMORY_BYTES) / BLOCK_BYTES)


def raw_bytes(downloaded: float) -> float:
    """Bytes of a raw shard of whose candidates so many bytes came."""
    return downloaded + SHARD_SIZE * _ROW_BYTES


@dataclass(frozen=True, slots=True)
class Shard:
    """Bytes of a raw shard, of what validation keeps of it, and of what an export with images takes of that."""

    raw: float
    kept: float
    exported: float

    @property
    def writes(self) -> float:
        """By the app, the export's blocks among them: an export is one blob of many shards."""
        return put(self.raw) + put(self.kept) + self.exported / BLOCK_BYTES

    @property
    def reads(self) -> float:
        """By the app: to validate, and to export."""
        return get(self.raw) + get(self.kept)
