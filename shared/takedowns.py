"""Take-downs of a tenant: URLs, hosts and pictures that are removed from its datasets and kept out of them.

What holds for every tenant is in the file of the settings; fetching heeds both.
"""

import hashlib
import time
from collections.abc import Callable
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from builder.spec import Model, said, stripped
from shared import cosmos
from shared.cosmos import Page, container, query, query_page
from shared.documents import Document, now
from shared.problems import invalid_body, not_found
from shared.settings import settings

if TYPE_CHECKING:
    from builder.takedown import TakeDownList

NAME = "takedowns"
MAX_HASHES = 5_000
"""Of one entry: a document has at most 2 MB."""
_MAX_CONFLICTS = 50

Line = Annotated[str, StringConstraints(min_length=1, max_length=2_000), AfterValidator(said)]
TakedownState = Literal["removing", "waiting", "done"]
"""removing: from datasets that are not being built; waiting: for builds to end, whose images are looked at then."""


class TakedownRequest(Model):
    """What is to be removed and kept out: one of `url`, `host` and `sha256`."""

    url: Annotated[str, StringConstraints(max_length=4_000)] | None = Field(
        default=None, description="of an image, or of the page that images were found on; http and https are the same"
    )
    host: Annotated[str, StringConstraints(max_length=300)] | None = Field(
        default=None, description="all images from there, and from every host below it"
    )
    sha256: Annotated[str, StringConstraints(max_length=64)] | None = Field(
        default=None, description="of a picture's bytes, as served or as stored; hex"
    )
    reason: Line
    requested_by: Annotated[str, StringConstraints(max_length=500), AfterValidator(stripped)] | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(one is not None for one in (self.url, self.host, self.sha256)) != 1:
            msg = "give one of url, host and sha256"
            raise ValueError(msg)
        return self

    @property
    def entry(self) -> str:
        """As a line of a take-down list; `ProblemError` 422 when it is none."""
        from builder.errors import TakeDownListError
        from builder.takedown import TakeDownList

        for name, mark in (("host", "host:"), ("sha256", "sha256:"), ("url", "")):
            if (text := getattr(self, name)) is not None:
                line: str = mark + (text.strip().lower() if mark else text.strip())
                try:
                    found = TakeDownList.parse([line])
                except TakeDownListError as error:
                    raise invalid_body([((name,), error.message)]) from None
                if not found or (name == "url" and not found.urls):
                    raise invalid_body([((name,), f"this is no {name}")])
                return line
        raise AssertionError


class TakedownDocument(Document):
    """One entry. Partition key: `owner`. Id: of owner and entry, so that asking twice is asking once.

    `hashes` are of pictures that the entry names by their address, learned from the datasets: their bytes are removed,
    and kept out, whatever the address. `found` counts the removed images by dataset.
    """

    owner: str
    entry: str
    reason: str
    requested_by: str | None = None
    by: str
    state: TakedownState = "removing"
    created: datetime = Field(default_factory=now)
    updated: datetime = Field(default_factory=now)
    hashes: tuple[str, ...] = ()
    found: dict[str, int] = Field(default_factory=dict)
    uploaded: int = 0  # images removed from uploads
    etag: str | None = Field(default=None, alias="_etag", exclude=True)

    @property
    def take_down(self) -> "TakeDownList":
        """The entry, and the pictures that it was found to mean."""
        from builder.takedown import TakeDownList

        return TakeDownList.parse([self.entry, *(f"sha256:{one}" for one in self.hashes)])

    @property
    def learns(self) -> bool:
        """Whether other copies of its pictures go too. What other hosts serve is not the named host's."""
        return not self.entry.startswith("host:")

    @property
    def detail(self) -> str:
        """What rows of removed images say: not the hash, which would tell of the picture."""
        return f"removed: take-down {self.id}"


def takedown_id(owner: str, entry: str) -> str:
    """The id of an entry, 32 hex digits."""
    return hashlib.sha256(f"{owner}\n{entry}".encode()).hexdigest()[:32]


def put(document: TakedownDocument) -> TakedownDocument:
    """Store an entry, in force from now on. One that is there already keeps what it has learned, and begins anew."""
    from azure.cosmos.exceptions import CosmosResourceExistsError

    def again(before: TakedownDocument) -> TakedownDocument:
        return document.model_copy(update={"hashes": before.hashes, "found": before.found})

    for _ in range(_MAX_CONFLICTS):
        stored = change(document.owner, document.id, again)
        if stored is None:
            try:
                stored = TakedownDocument.model_validate(container(NAME).create_item(document.item()))
            except CosmosResourceExistsError:
                continue
        _forget(document.owner)
        return stored
    msg = f"take-down {document.id} came and went {_MAX_CONFLICTS} times while it was being asked for"
    raise RuntimeError(msg)


def find(owner: str, takedown: str) -> TakedownDocument | None:
    """The entry, None if there is none."""
    item = cosmos.read(NAME, takedown, owner)
    return None if item is None else TakedownDocument.model_validate(item)


def get(owner: str, takedown: str) -> TakedownDocument:
    """The entry; `ProblemError` 404 if this owner has none of that id."""
    document = find(owner, takedown)
    if document is None:
        raise not_found("take-down")
    return document


def page(owner: str, *, size: int, cursor: str | None) -> Page:
    """A tenant's entries as `TakedownDocument`s, newest first."""
    found = query_page(NAME, "SELECT * FROM c ORDER BY c.created DESC", {}, owner, size=size, cursor=cursor)
    return Page(tuple(TakedownDocument.model_validate(item) for item in found.items), found.cursor)


def unfinished() -> list[TakedownDocument]:
    """Every tenant's entries that are not done: for housekeeping only."""
    items = query(NAME, "SELECT * FROM c WHERE c.state != 'done'", {}, None)
    return [TakedownDocument.model_validate(item) for item in items]


def change(
    owner: str, takedown: str, edit: Callable[[TakedownDocument], TakedownDocument | None]
) -> TakedownDocument | None:
    """Apply `edit` to the current document and store it, as `shared.datasets.change` does."""
    return cosmos.change(NAME, lambda: find(owner, takedown), edit, _MAX_CONFLICTS)


def remove(document: TakedownDocument) -> bool:
    """Lift an entry; False when it has changed since it was read."""
    if not cosmos.delete(NAME, document.id, document.owner, document.etag):
        return False
    _forget(document.owner)
    return True


_lists: "dict[str, tuple[float, TakeDownList]]" = {}
_lock = Lock()


def current(owner: str) -> "TakeDownList":
    """What the tenant has taken down, as of at most `take_down_seconds` ago."""
    from builder.takedown import TakeDownList

    with _lock:
        read, known = _lists.get(owner, (0.0, None))
    if known is not None and time.monotonic() - read < settings().take_down_seconds:
        return known
    read = time.monotonic()
    items = query(NAME, "SELECT c.entry, c.hashes FROM c", {}, owner)
    lines = [line for item in items for line in (item["entry"], *(f"sha256:{one}" for one in item["hashes"]))]
    known = TakeDownList.parse(lines)
    with _lock:
        _lists[owner] = (read, known)
    return known


def _forget(owner: str) -> None:
    with _lock:
        _lists.pop(owner, None)
