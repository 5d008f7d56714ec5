"""Versions: frozen states of a dataset, their documents, their folder, and what changed from one to the next."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, ValidationError

from builder.spec import ExportFormat, Model, Text, stripped
from shared.blobs import BlobFolder, dataset_folder
from shared.cosmos import Page, container, etag_condition, query_page
from shared.documents import Diff, VersionDocument, version_id
from shared.problems import bad_parameter, not_found
from shared.progress import View
from shared.shards import NAME

DIFF = "diff.jsonl"
"""One `Change` a line, in order of key."""

SHARDS = "shards/"
_LINE_BYTES = 4_096
"""A change is shorter: a key, and two labels of at most 200 characters."""


class VersionRequest(Model):
    """What a version is called, and why it was made."""

    name: Text | None = None
    note: Annotated[str, StringConstraints(max_length=2_000), AfterValidator(stripped)] | None = None


class VersionExportRequest(Model):
    """Which export to make of a version."""

    format: ExportFormat


class VersionView(View):
    """A frozen version. `diff` counts what changed since the version before; of the first, everything was added."""

    dataset: str
    number: int
    name: str | None
    note: str | None
    by: str | None
    created: datetime
    amended: datetime | None = Field(description="when images had to be taken out (a take-down); else it never changes")
    images: int
    labels: dict[str, int]
    splits: dict[str, int]
    bytes: int
    manifest_sha256: str = Field(description="of the dataset's manifest at that time: same content, same version")
    diff: Diff
    links: dict[str, str]


class VersionList(View):
    """A page of versions, newest first."""

    versions: tuple[VersionView, ...]
    next: str | None


class Change(View):
    """What happened to one image between two versions. `before` and `after` are labels, or splits."""

    key: str
    change: Literal["added", "removed", "relabelled", "split_changed"]
    before: str | None = None
    after: str | None = None


class ChangeList(View):
    """A page of changes, in order of key."""

    changes: tuple[Change, ...]
    next: str | None


class VersionFolder(BlobFolder):
    """A version's folder `versions/{number:04}/` as if it were a dataset's: its shards are those of the dataset.

    What a shard has is never written again by curation, so that a version and the dataset share the bytes.
    """

    def __init__(self, dataset: str, number: int) -> None:
        whole = dataset_folder(dataset)
        super().__init__(whole.container, f"{whole.root}versions/{number:04}")
        self._dataset = whole

    def read_range(self, name: str, offset: int, length: int) -> bytes:
        """See `Folder.read_range`."""
        if name.startswith(SHARDS):
            return self._dataset.read_range(name, offset, length)
        return super().read_range(name, offset, length)

    def chunks(self, name: str) -> Iterator[bytes]:
        """See `Folder.chunks`."""
        return self._dataset.chunks(name) if name.startswith(SHARDS) else super().chunks(name)


def view(document: VersionDocument, api: str) -> VersionView:
    """A document as the API tells it."""
    base = f"{api}/datasets/{document.dataset}/versions/{document.number}"
    shown = document.model_dump(exclude={"id", "kind", "state", "diff_bytes"})
    return VersionView(**shown, links={"self": base, "diff": f"{base}/diff", "exports": f"{base}/exports"})


def find(dataset: str, number: int) -> VersionDocument | None:
    """A version, frozen or not yet; None if there is none."""
    from azure.cosmos.exceptions import CosmosResourceNotFoundError

    try:
        return VersionDocument.model_validate(container(NAME).read_item(version_id(number), dataset))
    except CosmosResourceNotFoundError:
        return None


def get(dataset: str, number: int) -> VersionDocument:
    """A frozen version; `ProblemError` 404 if there is none."""
    document = find(dataset, number)
    if document is None or document.state != "frozen":
        raise not_found("version")
    return document


def newest(dataset: str) -> VersionDocument | None:
    """The version with the highest number, frozen or not yet."""
    sql = "SELECT * FROM c WHERE c.kind = 'version' ORDER BY c.number DESC"
    found = query_page(NAME, sql, {}, dataset, size=1, cursor=None)
    return next(map(VersionDocument.model_validate, found.items), None)


def page(dataset: str, *, size: int, cursor: str | None) -> Page:
    """The frozen versions, newest first, as `VersionDocument`s."""
    sql = "SELECT * FROM c WHERE c.kind = 'version' AND c.state = 'frozen' ORDER BY c.number DESC"
    found = query_page(NAME, sql, {}, dataset, size=size, cursor=cursor)
    return Page(tuple(map(VersionDocument.model_validate, found.items)), found.cursor)


def claim(document: VersionDocument) -> VersionDocument | None:
    """Store a version that is not there yet; None when somebody else has that number."""
    from azure.cosmos.exceptions import CosmosResourceExistsError

    try:
        return VersionDocument.model_validate(container(NAME).create_item(document.item()))
    except CosmosResourceExistsError:
        return None


def put(document: VersionDocument) -> VersionDocument | None:
    """Store a version in place of what was read; None when somebody else changed or removed that."""
    from azure.cosmos.exceptions import CosmosAccessConditionFailedError, CosmosResourceNotFoundError

    try:
        stored = container(NAME).replace_item(document.id, document.item(), **etag_condition(document.etag))
    except (CosmosAccessConditionFailedError, CosmosResourceNotFoundError):
        return None
    return VersionDocument.model_validate(stored)


def written(changes: Iterable[Change]) -> Iterator[bytes]:
    """Changes as they are kept."""
    for change in changes:
        yield change.model_dump_json(exclude_none=True).encode() + b"\n"


def changes(document: VersionDocument, *, size: int, cursor: str | None) -> Page:
    """At most `size` changes as `Change`s; `cursor` is where the page before ended. `ProblemError` 400 when it is
    nowhere."""
    start = int(cursor) if cursor and cursor.isascii() and cursor.isdecimal() else 0
    if cursor is not None and not 0 < start < document.diff_bytes:
        raise bad_parameter("cursor", "use the cursor of the page before, as it was given")
    if not document.diff_bytes:
        return Page((), None)
    length = min(size * _LINE_BYTES, document.diff_bytes - start)
    folder = VersionFolder(document.dataset, document.number)
    lines = folder.read_range(DIFF, start, length).splitlines(keepends=True)[:size]
    try:
        found = tuple(Change.model_validate_json(line) for line in lines)
    except ValidationError:
        raise bad_parameter("cursor", "use the cursor of the page before, as it was given") from None
    end = start + sum(map(len, lines))
    return Page(found, str(end) if end < document.diff_bytes else None)
