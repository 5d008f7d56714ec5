"""Step `ingest`: what was uploaded is checked and turned into shards of images, or into a list of URLs."""

import hashlib
import logging
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import get_args

from builder.errors import ArchiveError, UrlListError
from shared import quotas, uploads, usage
from shared.problems import ProblemError, not_found
from shared.settings import settings
from shared.steps import upload as lists
from shared.steps.unpack import unpack
from shared.upload_files import erase, incoming_folder
from shared.uploads import Refusal, RefusedError, UploadDocument, UploadReport

log = logging.getLogger(__name__)

_ID = re.compile(r"[0-9a-f]{32}")

_one_at_a_time = Lock()
"""In a process: the disk of a Flex Consumption instance is small, see `unpack.MAX_SHARD_BYTES` for what one needs."""


def ingest(owner: str, upload: str) -> None:
    """Check what came, unless that was done before, and say what was found; the bytes as they came are then removed.

    Running it again, also after half of it, gives the same files. Bytes that come for an upload that has ended, or is
    gone, are removed: its signed URL may still work. A blob whose name is no upload's is left alone.
    """
    if not _ID.fullmatch(upload):
        log.warning("uploads/%s/incoming/%s is left alone: it has not the name of an upload", owner, upload)
        return
    document = uploads.change(owner, upload, lambda one: None if one.ended else one.moved("checking"))
    if document is None or document.state == "deleting":
        erase(owner, upload, lists.KINDS)
        return
    if not document.ended:
        with _one_at_a_time:
            _end(document, *_checked(document))
    incoming_folder(owner).delete(upload)


def delete(owner: str, upload: str, check: Callable[[UploadDocument], None] = lambda _: None) -> None:
    """Remove an upload with its files, its document last; again if that broke off before.

    `ProblemError` 404 when there is none, 409 while a dataset is being built from it, and what `check` raises for the
    upload as it is when it is taken out of sight.
    """

    def edit(one: UploadDocument) -> UploadDocument:
        check(one)
        return one.moved("deleting")

    document = uploads.find(owner, upload)
    if document is None:
        raise not_found("upload")
    if document.state != "deleting":
        uploads.check_unused(owner, upload)
        uploads.change(owner, upload, edit)
    erase(owner, upload, lists.KINDS)
    usage.measure_uploads(owner)
    uploads.remove(owner, upload)


def give_up(owner: str, upload: str) -> None:
    """What could not be checked in five tries is refused."""
    document = uploads.find(owner, upload) if _ID.fullmatch(upload) else None
    if document is not None and not document.ended:
        message = "It could not be checked, which has been logged: upload it again, or in another form."
        _end(document, RefusedError("failed", message), None, None)
        incoming_folder(owner).delete(upload)


type _Outcome = tuple[RefusedError | None, UploadReport | None, int | None]


def _checked(document: UploadDocument) -> _Outcome:
    """Why the upload is refused (None if it is not), what is in it, and how many bytes it has."""
    size: int | None = None
    with tempfile.TemporaryDirectory(prefix="upload-") as folder:
        path = Path(folder) / f"upload{_endings(document.filename)}"
        try:
            size = _spool(document, path)
            if document.kind == "urls":
                return None, lists.keep_listed(document.owner, document.id, path), size
            with path.open("rb") as file:
                report = unpack(document, file)
            _check_room(document.owner, report.bytes)  # packed, it may have been far smaller
            return None, report, size
        except RefusedError as refused:
            return refused, refused.report, size
        except UrlListError as error:
            sentence = f"The list cannot be used, {error}: mend it and upload it again."
            return RefusedError("bad_list", sentence), None, size
        except ArchiveError as error:
            refusal: Refusal = error.kind if error.kind in get_args(Refusal) else "damaged"  # type: ignore[assignment]  # looked up
            return RefusedError(refusal, f"The upload cannot be used: {error}."), None, size


def _end(document: UploadDocument, refused: RefusedError | None, report: UploadReport | None, size: int | None) -> None:
    """Write down the end, unless it came before; of what is refused or gone, no file stays."""
    if refused is None:
        changes: dict[str, object] = {"report": report, "size_bytes": size}
    else:
        changes = {"report": report, "refusal": refused.refusal, "error": str(refused)}
    changes["size_bytes"] = document.size_bytes if size is None else size
    state: uploads.UploadState = "refused" if refused else "ready"
    ended = uploads.change(document.owner, document.id, lambda one: None if one.ended else one.moved(state, **changes))
    if ended is None or ended.state != "ready":
        erase(document.owner, document.id, lists.KINDS)
    usage.measure_uploads(document.owner)
    log.info("upload %s is %s", document.id, ended.state if ended else "gone")


def _endings(filename: str) -> str:
    """The endings that tell the kind of a list, such as `.csv.gz`; nothing else of the name goes to the disk."""
    found = re.search(r"(?:\.(?:txt|csv|tsv|jsonl|ndjson|json|parquet))?(?:\.gz)?$", filename.lower())
    return found[0] if found else ""


def _check_room(owner: str, size: int) -> None:
    """Whether the quota has room for so many bytes; those of two uploads checked at once are found out by the next."""
    try:
        quotas.check_stored(owner, size)
    except ProblemError as problem:
        raise RefusedError("over_quota", problem.detail) from None


def _spool(document: UploadDocument, path: Path) -> int:
    """Bring the bytes to the disk, as many as may be and as announced; returns how many there are."""
    from azure.core.exceptions import ResourceNotFoundError

    folder = incoming_folder(document.owner)
    try:
        download = folder.container.download_blob(folder.root + document.id)
    except ResourceNotFoundError:
        raise RefusedError("failed", "The bytes were lost before they were checked: upload them again.") from None
    limit = settings().max_upload_bytes
    if download.size > limit:
        raise RefusedError("too_large", f"It has {download.size:,} bytes, {limit:,} may come at once: cut it up.")
    _check_room(document.owner, download.size)
    digest = hashlib.sha256()
    size = 0
    with path.open("wb") as file:
        for piece in download.chunks():
            digest.update(piece)
            size += file.write(piece)
    if document.size_bytes not in {None, size}:
        told = f"{document.size_bytes:,} bytes were announced and {size:,} came: upload it again."
        raise RefusedError("other_bytes", told)
    if document.sha256 not in {None, digest.hexdigest()}:
        raise RefusedError("other_bytes", "The SHA-256 of what came is not the one announced: upload it again.")
    return size
