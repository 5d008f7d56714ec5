"""The files of an upload in blob storage: the bytes as they came, and the shards of images made from them."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from builder.uploaded import UploadedImage
from shared.blobs import BlobFolder, public_url, service
from shared.documents import now
from shared.settings import settings
from shared.telemetry.trace import traceparent
from shared.uploads import SignedUpload

if TYPE_CHECKING:
    from azure.storage.blob import BlobClient

TRACE = "traceparent"
INDEX = "index.jsonl"
"""The last file of an upload's images to be written: a line of `UploadedImage` for each, in order."""


def incoming_folder(owner: str) -> BlobFolder:
    """Where an owner's uploads are until they have been checked."""
    return BlobFolder(service().get_container_client("uploads"), f"{owner}/incoming")


def images_folder(owner: str, upload: str) -> BlobFolder:
    """Where the images of an upload are: raw shards `{n}.tar` and their index."""
    return BlobFolder(service().get_container_client("uploads"), f"{owner}/images/{upload}")


def shard_name(number: int) -> str:
    """The file name of a shard of an upload."""
    return f"{number:05}.tar"


def read_index(owner: str, upload: str) -> Iterator[UploadedImage]:
    """The images of an upload, one by one; FileNotFoundError if it has none (it was deleted)."""
    rest = b""
    for chunk in images_folder(owner, upload).chunks(INDEX):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield UploadedImage.model_validate_json(line)


def signed_upload(owner: str, upload: str) -> SignedUpload:
    """A URL that the bytes can be put to, once, for a while: it can make this one blob, not read or replace it.

    Signed with the account's key where there is one (Azurite), else with a user-delegation key of the identity.
    """
    from azure.storage.blob import BlobSasPermissions, generate_blob_sas

    client, folder = service(), incoming_folder(owner)
    start = now() - timedelta(minutes=5)
    expiry = now() + timedelta(minutes=settings().link_minutes)
    account_key = getattr(client.credential, "account_key", None)
    token = generate_blob_sas(
        account_name=client.account_name or "",
        container_name=folder.container.container_name,
        blob_name=folder.root + upload,
        account_key=account_key,
        user_delegation_key=None if account_key else client.get_user_delegation_key(start, expiry),
        permission=BlobSasPermissions(create=True),
        start=start,
        expiry=expiry,
    )
    blob = folder.container.get_blob_client(folder.root + upload)
    headers = {"x-ms-blob-type": "BlockBlob", **{f"x-ms-meta-{name}": value for name, value in _metadata().items()}}
    return SignedUpload(url=f"{public_url(blob.url)}?{token}", method="PUT", headers=headers, expires=expiry)


def _metadata() -> dict[str, str]:
    """What is kept with the bytes as they came: the trace that their check is to belong to."""
    trace = traceparent()
    return {TRACE: trace} if trace else {}


def trace_of(owner: str, upload: str) -> str | None:
    """The trace that the bytes of an upload were sent in, None when nothing tells."""
    try:
        return incoming_folder(owner).metadata(upload).get(TRACE)
    except FileNotFoundError:
        return None


def has_come(owner: str, upload: str) -> bool:
    """Whether the bytes of an upload are there, waiting for their check."""
    return incoming_folder(owner).exists(upload)


class IncomingBlob:
    """A blob that is written piece by piece, and is there only once it is whole."""

    def __init__(self, owner: str, upload: str) -> None:
        folder = incoming_folder(owner)
        self._blob: BlobClient = folder.container.get_blob_client(folder.root + upload)
        self._blocks: list[str] = []
        self._writer = uuid4().hex  # two that write at once must not take each other's pieces

    def add(self, data: bytes) -> None:
        """Send a piece, 4 MB at most or so."""
        block = f"{self._writer}-{len(self._blocks):05}"
        self._blob.stage_block(block, data)
        self._blocks.append(block)

    def finish(self) -> bool:
        """Make the blob of the pieces; False if somebody else has made one of that name."""
        from azure.core import MatchConditions
        from azure.core.exceptions import ResourceExistsError
        from azure.storage.blob import BlobBlock

        try:
            self._blob.commit_block_list(
                [BlobBlock(block) for block in self._blocks],
                metadata=_metadata(),
                match_condition=MatchConditions.IfMissing,
            )
        except ResourceExistsError:
            return False
        return True


def erase(owner: str, upload: str, lists: Iterable[str]) -> None:
    """Remove all files of an upload; `lists` are the endings that a URL list may have been kept with."""
    from shared.blobs import url_lists

    incoming_folder(owner).delete(upload)
    folder = images_folder(owner, upload)
    folder.delete(INDEX)
    folder.clear()
    for ending in lists:
        url_lists(owner).delete(f"{upload}.{ending}")
