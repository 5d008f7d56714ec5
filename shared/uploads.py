"""Uploads: archives, images and URL lists that a tenant brings; their documents and what the API shows of them."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from builder.archive_names import PassedOver
from builder.spec import Model, Text
from shared import cosmos
from shared.cosmos import Page, container, query, query_page
from shared.documents import RUNNING, Document, now
from shared.problems import conflict, invalid_body, not_found
from shared.progress import View

NAME = "uploads"

UploadKind = Literal["images", "urls"]
UploadState = Literal["waiting", "checking", "ready", "refused", "deleting"]
Refusal = Literal[
    "too_large",  # more bytes than an upload may have
    "other_bytes",  # not of the length or hash announced
    "not_an_archive",
    "unsupported",
    "damaged",
    "too_many_entries",
    "too_many_bytes",
    "bomb",
    "overlapping",
    "unreadable_names",
    "no_images",  # an archive without one that could be taken
    "over_quota",  # the tenant may not store as much
    "bad_list",  # a URL list with a line that cannot be used
    "failed",  # on our side, five times
]


class UploadReport(BaseModel):
    """What was found in an upload: of an archive its entries, of a URL list its rows."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    entries: int = Field(default=0, description="of the archive, folders and all; or rows of the list")
    images: int = Field(default=0, description="taken; or rows of the list")
    bytes: int = Field(default=0, description="of the images taken")
    passed_over: dict[PassedOver, int] = Field(default={}, description="entries that were not taken, by reason")
    labels: dict[str, int] = Field(
        default={}, description="images by the folder they are in (the first 1,000 folders); or rows by label"
    )
    unlabelled: int = Field(default=0, description="images in no folder; or rows without a label")


class RefusedError(Exception):
    """An upload that cannot be used: why, in a word and in a sentence, and what was found up to then."""

    def __init__(self, refusal: Refusal, message: str, report: UploadReport | None = None) -> None:
        super().__init__(message)
        self.refusal = refusal
        self.report = report


class UploadDocument(Document):
    """One upload. Partition key: `owner`."""

    owner: str
    kind: UploadKind
    filename: str
    state: UploadState = "waiting"
    size_bytes: int | None = None  # announced, then counted
    sha256: str | None = None  # announced
    created: datetime = Field(default_factory=now)
    updated: datetime = Field(default_factory=now)
    refusal: Refusal | None = None
    error: str | None = None
    report: UploadReport | None = None
    etag: str | None = Field(default=None, alias="_etag", exclude=True)

    @property
    def ended(self) -> bool:
        """Whether nothing more comes of bytes that are sent."""
        return self.state not in {"waiting", "checking"}

    def moved(self, state: UploadState, **changes: object) -> Self:
        """This document in another state."""
        return self.model_copy(update={"state": state, "updated": now(), **changes})


_HEAD = ", ".join(f"c.{name}" for name in UploadDocument.model_fields if name not in {"report", "etag"})


class UploadRequest(Model):
    """What is to be brought. `sha256` and `size_bytes`, where given, are checked against what comes."""

    kind: UploadKind = Field(description="images: a zip, a tar or one image; urls: a list of URLs")
    filename: Text = Field(description="of a URL list the ending tells the format: txt, csv, tsv, jsonl, parquet")
    size_bytes: int | None = Field(default=None, ge=1)
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$", description="of the file, in lower case hex")


class UploadLine(View):
    """An upload in a list."""

    id: str
    kind: UploadKind
    filename: str
    state: Literal["waiting", "checking", "ready", "refused"]
    size_bytes: int | None
    created: datetime
    updated: datetime
    refusal: Refusal | None = Field(description="why it was refused")
    error: str | None = Field(description="the same in a sentence that says what to do")
    links: dict[str, str]


class UploadView(UploadLine):
    """An upload by itself, with what was found in it."""

    report: UploadReport | None


class SignedUpload(View):
    """How to bring the bytes straight to storage: one request of this method and these headers to `url`."""

    url: str
    method: Literal["PUT"]
    headers: dict[str, str]
    expires: datetime


class NewUpload(UploadView):
    """A new upload. Its bytes come by `signed`, or as the body of a PUT to `links.content`."""

    signed: SignedUpload


class UploadList(View):
    """A page of uploads, newest first."""

    uploads: tuple[UploadLine, ...]
    next: str | None


def line(document: UploadDocument, api: str) -> UploadLine:
    """A document as a line of a list."""
    return UploadLine.model_validate(_shown(document, api))


def view(document: UploadDocument, api: str) -> UploadView:
    """A document as the API shows it."""
    return UploadView.model_validate(_shown(document, api))


def new_view(document: UploadDocument, api: str, signed: SignedUpload) -> NewUpload:
    """A document whose bytes are still to come."""
    return NewUpload.model_validate({**_shown(document, api), "signed": signed})


def _shown(document: UploadDocument, api: str) -> dict[str, object]:
    base = f"{api}/uploads/{document.id}"
    fields = set(UploadView.model_fields) - {"links"}
    shown = {name: value for name, value in document if name in fields}
    return {**shown, "links": {"self": base, "content": f"{base}/content"}}


def create(document: UploadDocument) -> UploadDocument:
    """Store a new upload."""
    return UploadDocument.model_validate(container(NAME).create_item(document.item()))


def find(owner: str, upload: str) -> UploadDocument | None:
    """The upload in whatever state, None if there is none."""
    item = cosmos.read(NAME, upload, owner)
    return None if item is None else UploadDocument.model_validate(item)


def get(owner: str, upload: str) -> UploadDocument:
    """The upload; `ProblemError` 404 if this owner has none of that id, or it is being deleted."""
    document = find(owner, upload)
    if document is None or document.state == "deleting":
        raise not_found("upload")
    return document


def page(owner: str, *, size: int, cursor: str | None) -> Page:
    """An owner's uploads, newest first, without their reports, which may be long."""
    sql = f"SELECT {_HEAD} FROM c WHERE c.state != 'deleting' ORDER BY c.created DESC"  # noqa: S608 (no outside text in it)
    found = query_page(NAME, sql, {}, owner, size=size, cursor=cursor)
    return Page(tuple(UploadDocument.model_validate(item) for item in found.items), found.cursor)


def change(owner: str, upload: str, edit: Callable[[UploadDocument], UploadDocument | None]) -> UploadDocument | None:
    """Apply `edit` to the current document and store it; again if somebody else was faster.

    `edit` may return None (leave it) or raise. Returns the document as it is now, None if there is none.
    """
    return cosmos.change(NAME, lambda: find(owner, upload), edit)


def remove(owner: str, upload: str) -> None:
    """Remove the document; nothing happens if there is none."""
    cosmos.delete(NAME, upload, owner)


def check_uploads(owner: str, ids: Sequence[str]) -> None:
    """`ProblemError` 422 unless each of these is an upload of images that is ready."""
    faults: list[tuple[tuple[int | str, ...], str]] = []
    for place, upload in enumerate(ids):
        document = find(owner, upload)
        if document is None or document.state == "deleting":
            faults.append((("uploads", place), "there is no upload of that id: POST it to /api/v1/uploads first"))
        elif document.kind != "images":
            faults.append((("uploads", place), "this upload is a list of URLs: name it as `url_list`"))
        elif document.state != "ready":
            told = "it was refused" if document.state == "refused" else "wait until it is ready"
            faults.append((("uploads", place), f"this upload is {document.state}: {told}"))
    if faults:
        raise invalid_body(faults)


def check_unused(owner: str, upload: str) -> None:
    """`ProblemError` 409 while a dataset that is being built takes images from the upload."""
    sql = (
        "SELECT c.id FROM c WHERE ARRAY_CONTAINS(@states, c.state)"
        " AND (ARRAY_CONTAINS(c.spec.uploads, @upload) OR c.spec.url_list = @upload)"
    )
    users = query("datasets", sql, {"states": sorted(RUNNING), "upload": upload}, owner)
    if users:
        raise conflict(f"Dataset {users[0]['id']} is being built from it: wait for it, or cancel it.")
