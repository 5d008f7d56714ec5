"""Blob storage as folders: the builder's `Folder` over a container, and short-lived links."""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import chain
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urlsplit

from shared.documents import now
from shared.once import once
from shared.settings import settings
from shared.telemetry import metering

if TYPE_CHECKING:
    from azure.storage.blob import BlobServiceClient, ContainerClient

CONTAINERS = ("raw", "uploads", "datasets")

IN_MEMORY_BYTES, BLOCK_BYTES = 32 << 20, 16 << 20
"""What is read or written in one request, and in each one beyond that."""
_OPTIONS: dict[str, Any] = {
    "raw_response_hook": metering.storage_answered,
    # Every request is paid for, whatever its size: what fits into memory is one, the rest large blocks.
    "max_single_put_size": IN_MEMORY_BYTES,
    "max_block_size": BLOCK_BYTES,
    "max_single_get_size": IN_MEMORY_BYTES,
    "max_chunk_get_size": BLOCK_BYTES,
}
_MAX_CONFLICTS = 20


@once
def service() -> "BlobServiceClient":
    """The client of the storage account; makes missing containers where the settings say so."""
    from azure.core.exceptions import ResourceExistsError
    from azure.storage.blob import BlobServiceClient

    config = settings()
    if config.storage_connection is not None:
        client = BlobServiceClient.from_connection_string(config.storage_connection.get_secret_value(), **_OPTIONS)
    elif config.storage_blob_uri:
        from azure.identity import DefaultAzureCredential

        credential = DefaultAzureCredential(managed_identity_client_id=config.storage_client_id)
        client = BlobServiceClient(config.storage_blob_uri, credential=credential, **_OPTIONS)
    else:
        msg = "set AzureWebJobsStorage (a connection string) or AzureWebJobsStorage__blobServiceUri"
        raise RuntimeError(msg)
    if config.create_resources:
        for name in CONTAINERS:
            try:
                client.create_container(name)
            except ResourceExistsError:
                continue
    return client


class BlobFolder:
    """A `builder.store.Folder` over the blobs of a container whose names start with `root/`."""

    def __init__(self, container: "ContainerClient", root: str) -> None:
        self.container = container
        self.root = root.rstrip("/") + "/"

    def read(self, name: str) -> bytes:
        """See `Folder.read`."""
        return b"".join(self.chunks(name))

    def read_range(self, name: str, offset: int, length: int) -> bytes:
        """See `Folder.read_range`."""
        from azure.core.exceptions import ResourceNotFoundError

        try:
            return self.container.download_blob(self.root + name, offset=offset, length=length).readall()
        except ResourceNotFoundError:
            raise FileNotFoundError(name) from None

    def chunks(self, name: str) -> Iterator[bytes]:
        """See `Folder.chunks`."""
        from azure.core.exceptions import ResourceNotFoundError

        try:
            yield from self.container.download_blob(self.root + name).chunks()
        except ResourceNotFoundError:
            raise FileNotFoundError(name) from None

    def write(self, name: str, data: bytes | Iterable[bytes], metadata: Mapping[str, str] | None = None) -> int:
        """See `Folder.write`; `metadata` is kept with the blob.

        What fits into memory goes in one request. A stream of unknown length would take two and more: its blocks, and
        their list.
        """
        written = 0

        def counted() -> Iterator[bytes]:
            nonlocal written
            for piece in (data,) if isinstance(data, bytes) else data:
                written += len(piece)
                yield piece

        pieces = counted()
        head = bytearray()
        for piece in pieces:
            head += piece
            if len(head) > IN_MEMORY_BYTES:
                break
        body = chain((bytes(head),), pieces) if len(head) > IN_MEMORY_BYTES else bytes(head)
        self.container.upload_blob(
            self.root + name, body, overwrite=True, metadata=dict(metadata or {}), tags=_tags(name)
        )
        return written

    def rewrite(self, name: str, edit: Callable[[IO[bytes]], bool]) -> None:
        """Let `edit` change the bytes of `name` in a file, and store them if it says so; all of it again when somebody
        else wrote in between. FileNotFoundError if there is no such name; RuntimeError after 20 times.
        """
        from azure.core import MatchConditions
        from azure.core.exceptions import ResourceModifiedError, ResourceNotFoundError

        for _ in range(_MAX_CONFLICTS):
            with tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES) as file:
                try:
                    found = self.container.download_blob(self.root + name)
                    found.readinto(file)
                except ResourceNotFoundError:
                    raise FileNotFoundError(name) from None
                if not edit(file):
                    return
                file.seek(0)
                seen = found.properties
                try:
                    self.container.upload_blob(
                        self.root + name,
                        file,
                        overwrite=True,
                        metadata=seen.metadata,
                        tags=_tags(name),
                        etag=seen.etag,
                        match_condition=MatchConditions.IfNotModified,
                    )
                except ResourceModifiedError:
                    continue
                return
        msg = f"{name} was written {_MAX_CONFLICTS} times while it was being changed"
        raise RuntimeError(msg)

    def metadata(self, name: str) -> dict[str, str]:
        """What was kept with the blob; FileNotFoundError if there is no such name.

        Its names are in lower case: Azure makes no difference, and clients write them as they like.
        """
        from azure.core.exceptions import ResourceNotFoundError

        try:
            found = self.container.get_blob_client(self.root + name).get_blob_properties().metadata or {}
        except ResourceNotFoundError:
            raise FileNotFoundError(name) from None
        return {key.lower(): value for key, value in found.items()}

    def etag(self, name: str) -> str | None:
        """Another one whenever the blob is written; None if there is no such name."""
        from azure.core.exceptions import ResourceNotFoundError

        try:
            return str(self.container.get_blob_client(self.root + name).get_blob_properties().etag)
        except ResourceNotFoundError:
            return None

    def exists(self, name: str) -> bool:
        """See `Folder.exists`."""
        return self.container.get_blob_client(self.root + name).exists()

    def names(self, prefix: str = "") -> Iterator[str]:
        """See `Folder.names`."""
        for name in self.container.list_blob_names(name_starts_with=self.root + prefix):
            yield name.removeprefix(self.root)

    def times(self, prefix: str = "") -> Iterator[tuple[str, datetime]]:
        """Names as `names` gives them, and when each was last written (UTC)."""
        for blob in self.container.list_blobs(name_starts_with=self.root + prefix):
            yield blob.name.removeprefix(self.root), blob.last_modified

    def sizes(self, prefix: str = "") -> dict[str, int]:
        """Bytes of everything whose name starts with `prefix`, by name."""
        found = self.container.list_blobs(name_starts_with=self.root + prefix)
        return {blob.name.removeprefix(self.root): blob.size or 0 for blob in found}

    def delete(self, name: str) -> None:
        """See `Folder.delete`."""
        from azure.core.exceptions import ResourceNotFoundError

        try:
            self.container.delete_blob(self.root + name)
        except ResourceNotFoundError:
            return

    def clear(self) -> None:
        """Remove everything, blob by blob: the batch call is missing in parts of the emulator."""
        for name in list(self.names()):
            self.delete(name)


def _tags(name: str) -> dict[str, str] | None:
    """Index tags by which the storage account's lifecycle rules tell exports from the rest of their dataset."""
    return {"kind": "export"} if name.startswith("exports/") else None


def dataset_folder(dataset: str) -> BlobFolder:
    """Where a dataset's files are."""
    return BlobFolder(service().get_container_client("datasets"), dataset)


def raw_folder(dataset: str) -> BlobFolder:
    """Where a dataset's raw shards are until they are validated and expire."""
    return BlobFolder(service().get_container_client("raw"), dataset)


def url_lists(owner: str) -> BlobFolder:
    """Where an owner's uploaded URL lists are."""
    return BlobFolder(service().get_container_client("uploads"), f"{owner}/url-lists")


def tenant_uploads(owner: str) -> BlobFolder:
    """Where everything is that an owner brought, or fetches for itself."""
    return BlobFolder(service().get_container_client("uploads"), owner)


def download_link(folder: BlobFolder, name: str, filename: str) -> tuple[str, str]:
    """A URL that anybody may download the blob with, and when it ends (ISO 8601, UTC).

    Signed with the account's key where there is one (Azurite), else with a user-delegation key of the identity.
    """
    from azure.storage.blob import BlobSasPermissions, generate_blob_sas

    client = service()
    blob = folder.container.get_blob_client(folder.root + name)
    start = now() - timedelta(minutes=5)
    expiry = now() + timedelta(minutes=settings().link_minutes)
    account_key = getattr(client.credential, "account_key", None)
    delegation = None if account_key else client.get_user_delegation_key(start, expiry)
    token = generate_blob_sas(
        account_name=client.account_name or "",
        container_name=folder.container.container_name,
        blob_name=folder.root + name,
        account_key=account_key,
        user_delegation_key=delegation,
        permission=BlobSasPermissions(read=True),
        start=start,
        expiry=expiry,
        content_disposition=f'attachment; filename="{filename}"',
    )
    return f"{public_url(blob.url)}?{token}", expiry.isoformat()


def public_url(url: str) -> str:
    """A blob's address for whoever is outside: at the link host, if there is one. Signatures do not cover the host."""
    host = settings().link_host
    return urlsplit(url)._replace(scheme="https", netloc=host).geturl() if host else url
