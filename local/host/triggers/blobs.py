"""Blob triggers: every version of a matching blob is given to the function until it succeeds, five times at most."""

import asyncio
import contextlib
import json
import logging

from azure.core import MatchConditions
from azure.core.exceptions import ResourceModifiedError, ResourceNotFoundError

from local.host.config import HostJson
from local.host.context import HostRetryContext
from local.host.functions import Function
from local.host.invocation import Invoker, Jobs
from local.host.storage import Storage
from local.host.triggers.blob_path import parse_blob_path
from local.host.triggers.polling import Poller
from local.host.triggers.receipts import Receipts, Version
from local.host.triggers.values import blob_value, deferred_value, is_deferred

POISON_QUEUE = "webjobs-blobtrigger-poison"
_LOG = logging.getLogger(__name__)


class BlobListener:
    """Polls one container for one function; `slots` bounds the blob functions that run at a time, over all of them.

    What the trigger's `source` says makes no difference here: Event Grid needs a public address, polling does not.
    """

    def __init__(
        self,
        function: Function,
        invoker: Invoker,
        jobs: Jobs,
        storage: Storage,
        *,
        config: HostJson,
        host_id: str,
        slots: asyncio.Semaphore,
        seconds: float,
    ) -> None:
        self._function, self._invoker, self._jobs, self._storage = function, invoker, jobs, storage
        self._config, self._host_id, self._slots = config, host_id, slots
        self._connection = function.trigger.text("connection")
        self._path = parse_blob_path(function.trigger.text("path") or "")
        self._container = storage.blobs(self._connection).get_container_client(self._path.container)
        self._taken: dict[str, str] = {}  # blob name -> the etag that is done or in work
        self._busy: set[str] = set()
        self._poller = Poller(self._look, seconds=seconds, what=f"container {self._path.container}")

    async def start(self) -> None:
        """Read the receipts and begin to poll."""
        hosts = await self._storage.hosts_container()
        self._receipts = Receipts(hosts, self._host_id, self._function.id)
        await self._receipts.load()
        self._poller.start()

    async def stop(self) -> None:
        """Poll no more."""
        await self._poller.stop()

    async def _look(self) -> None:
        with contextlib.suppress(ResourceNotFoundError):  # the container need not exist yet
            names = set()
            async for item in self._container.list_blobs(name_starts_with=self._path.prefix or None):
                names.add(item.name)
                if self._path.name.fullmatch(item.name):
                    self._consider(Version(self._path.container, item.name, str(item.etag).strip('"')))
            for name in self._taken.keys() - names:
                del self._taken[name]

    def _consider(self, version: Version) -> None:
        if version.blob in self._busy or self._taken.get(version.blob) == version.etag:
            return
        self._taken[version.blob] = version.etag
        if not self._receipts.is_completed(version):
            self._busy.add(version.blob)
            self._jobs.start(self._process(version))

    async def _process(self, version: Version) -> None:
        try:
            async with self._slots:
                if await self._succeeds(version):
                    return
            await self._poison(version)
        except BaseException:
            self._taken.pop(version.blob, None)  # storage failed on us: look at this blob again
            raise
        finally:
            self._busy.discard(version.blob)

    async def _succeeds(self, version: Version) -> bool:
        """Call the function until it succeeds; False when it has failed too often, or never could."""
        limit = self._config.extensions.blobs.poison_blob_threshold
        while self._receipts.tries(version) < limit:
            try:
                value = await self._read(version)
            except (ResourceNotFoundError, ResourceModifiedError):
                break  # gone, or written anew: that version gets a call of its own
            except ValueError:
                _LOG.exception("the blob cannot be decoded", extra={"function": self._function.name})
                return False
            number = await self._receipts.begin_try(version)
            with contextlib.suppress(Exception):  # the invoker has logged it
                await self._invoker.invoke(self._function, value, retry=HostRetryContext(number - 1, limit))
                break
            await asyncio.sleep(self._config.extensions.queues.visibility_timeout.total_seconds())
        else:
            return False
        await self._receipts.complete(version)
        return True

    async def _read(self, version: Version) -> object:
        blob = self._container.get_blob_client(version.blob)
        if is_deferred(self._function):
            found = await blob.get_blob_properties(etag=version.etag, match_condition=MatchConditions.IfNotModified)
            return deferred_value(self._function, found, blob.url)
        download = await blob.download_blob(etag=version.etag, match_condition=MatchConditions.IfNotModified)
        data = await download.readall()
        return blob_value(self._function, data, download.properties, blob.url)

    async def _poison(self, version: Version) -> None:
        message = {
            "Type": "BlobTrigger",
            "FunctionId": self._function.id,
            "BlobType": "BlockBlob",
            "ContainerName": version.container,
            "BlobName": version.blob,
            "ETag": f'"{version.etag}"',
        }
        await self._storage.queue(POISON_QUEUE, self._connection).send(json.dumps(message).encode())
        await self._receipts.complete(version)
        extra = {"function": self._function.name, "blob": f"{version.container}/{version.blob}", "queue": POISON_QUEUE}
        _LOG.error("the blob is given up", extra=extra)
