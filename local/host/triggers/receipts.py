"""Receipts: which version of which blob a function has seen, kept in storage where the real host keeps them.

`azure-webjobs-hosts/blobreceipts/{host id}/{function}/"{etag}"/{container}/{blob}`, an empty blob whose metadata says
how often the function was tried and whether that is over.
"""

from dataclasses import dataclass

from azure.storage.blob.aio import ContainerClient

_COMPLETED, _TRIES = "completed", "tries"


@dataclass(frozen=True, slots=True)
class Version:
    """One version of one blob; the etag is without quotes."""

    container: str
    blob: str
    etag: str


class Receipts:
    """The receipts of one function."""

    def __init__(self, hosts: ContainerClient, host_id: str, function_id: str) -> None:
        self._hosts = hosts
        self._prefix = f"blobreceipts/{host_id}/{function_id}/"
        self._tries: dict[Version, int] = {}
        self._completed: set[Version] = set()

    async def load(self) -> None:
        """Read what earlier hosts wrote."""
        async for item in self._hosts.list_blobs(name_starts_with=self._prefix, include=["metadata"]):
            etag, container, blob = str(item.name).removeprefix(self._prefix).split("/", 2)
            version = Version(container, blob, etag.strip('"'))
            metadata = item.metadata or {}
            self._tries[version] = int(metadata.get(_TRIES, "0"))
            if _COMPLETED in metadata:
                self._completed.add(version)

    def is_completed(self, version: Version) -> bool:
        """Whether the function is through with this version, well or not."""
        return version in self._completed

    def tries(self, version: Version) -> int:
        """How often the function was called with this version, by this host or an earlier one."""
        return self._tries.get(version, 0)

    async def begin_try(self, version: Version) -> int:
        """Write down that the function is about to be called; returns which try that is, from 1."""
        number = self.tries(version) + 1
        await self._write(version, {_TRIES: str(number)})
        self._tries[version] = number
        return number

    async def complete(self, version: Version) -> None:
        """Write down that this version needs no further call."""
        await self._write(version, {_TRIES: str(self.tries(version)), _COMPLETED: "true"})
        self._completed.add(version)

    async def _write(self, version: Version, metadata: dict[str, str]) -> None:
        name = f'{self._prefix}"{version.etag}"/{version.container}/{version.blob}'
        await self._hosts.upload_blob(name, b"", overwrite=True, metadata=metadata)
