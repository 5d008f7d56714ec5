"""The rows a build is made of: candidate, fetched, image; and the closed vocabulary of reasons."""

from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

Verdict = Literal["accepted", "duplicate", "surplus", "rejected", "failed"]
"""accepted: in the dataset; duplicate: another image stands for it; surplus: good, but the label had enough;
rejected: fetched and found wanting; failed: never fetched."""

FetchReason = Literal[
    "timeout",  # a time limit passed: connect, read or total
    "too_large",  # more bytes than allowed, announced or counted
    "too_many_redirects",
    "address_refused",  # private, loopback, link-local, metadata... before or after a redirect
    "bad_url",  # no http(s) URL, or with credentials
    "dns",  # the host has no address
    "connection",  # refused, reset, dropped, TLS failure
    "incomplete",  # fewer bytes than announced
    "http_4xx",
    "http_5xx",
    "empty",  # a body without a byte
    "robots",  # the host's robots.txt disallows it (RFC 9309)
    "opted_out",  # X-Robots-Tag or a TDM reservation: asked not to be used so
    "taken_down",  # its URL, host or bytes are on the take-down list
]

RejectReason = Literal[
    "not_an_image",  # the bytes are of another type, whatever the name or header says
    "unsupported_format",  # an image type that is refused by name (svg...)
    "too_few_bytes",
    "too_many_bytes",
    "too_small",  # width or height below the minimum
    "too_many_pixels",  # decompression bomb guard, read from the header
    "damaged",  # did not decode to the last pixel
    "extreme_aspect_ratio",
    "animated",  # more than one frame, where the spec refuses that
    "blurry",
    "too_dark",
    "too_bright",
    "low_information",  # hardly any structure
    "uniform",  # one colour, or a placeholder picture
    "odd_size",  # far larger or smaller than the rest of the dataset
    "changed",  # made again from a manifest: the bytes served are not those of then
    "curated",  # a person took it out
]

Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = ("train", "val", "test")
"""In their usual order."""

DuplicateReason = Literal["exact_duplicate", "near_duplicate"]

Reason = FetchReason | RejectReason | DuplicateReason | Literal["over_target"]


class Row(BaseModel):
    """Base of all rows: frozen, and closed to fields that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Candidate(Row):
    """An image that a source says exists."""

    url: str
    label: str
    engine: str
    query: str
    page_url: str | None = None
    title: str | None = None
    licence: str | None = None
    width: int | None = None  # pixels, as told by the source
    height: int | None = None


class Fetched(Row):
    """What came of asking for one candidate. The bytes, if any, travel beside it."""

    candidate: Candidate
    reason: FetchReason | None = None  # None: the bytes are here
    detail: str | None = None  # one line for people
    http_status: int | None = None
    content_type: str | None = None  # as told by the server
    final_url: str | None = None  # after redirects
    size_bytes: int = 0
    seconds: float = 0.0


class Curation(Row):
    """What people decided about an image; it outlives every later decision of the builder."""

    decision: Literal["accepted", "rejected"]
    relabelled_from: str | None = None  # the label that it was found for
    by: str | None = None  # who: kept with the dataset, never published
    note: str | None = None  # why, in their words; never published either


class ImageRow(Row):
    """One candidate to the end of its way: the row of manifests, indexes and shard documents."""

    key: str = Field(description="`{label slug}-{shard number:05}-{index:02}`: names the image inside its dataset")
    label: str
    url: str
    engine: str
    query: str
    page_url: str | None = None
    title: str | None = None
    licence: str | None = None
    verdict: Verdict
    reason: Reason | None = None
    detail: str | None = None
    measured: float | None = None  # what the check named by `reason` measured, where it measures
    duplicate_of: str | None = None  # key of the image that stands for this one
    http_status: int | None = None
    content_type: str | None = None  # as told by the server
    source_format: str | None = None  # as found in the bytes: jpeg, png, html...
    final_url: str | None = None
    seconds: float = 0.0
    source_bytes: int | None = None  # as served
    source_sha256: str | None = None  # of the bytes served, hex
    sha256: str | None = None  # of the bytes stored, hex
    phash: str | None = None  # 64 bits as 16 hex digits, `str(imagehash.phash(image))`
    dhash: str | None = None  # 64 bits as 16 hex digits, `str(imagehash.dhash(image))`
    turned: tuple[str, ...] = ()  # pHashes of the picture mirrored and rotated, where the spec asks for them
    format: str | None = None  # of the bytes stored: jpeg, png, webp...
    width: int | None = None  # pixels, stored
    height: int | None = None
    size_bytes: int | None = None  # stored
    source_width: int | None = None  # pixels, as served (after EXIF orientation)
    source_height: int | None = None
    shard: str | None = None  # blob or file name of the tar that holds the bytes, relative to the dataset
    offset: int | None = None  # of the bytes in that tar
    curated: Curation | None = None
    origin: str | None = Field(
        default=None, description="`{dataset}/{key}` of the image that this one was copied from when datasets merged"
    )
    version: int | None = Field(default=None, description="of the dataset, in the manifest of a frozen one")
    split: Split | None = None  # the last field: see `builder.manifest.ManifestRows.of_split`


class Glance(NamedTuple):
    """The fields of an `ImageRow` that decisions need, by the same names: a tenth of the work of making the row."""

    key: str
    label: str
    verdict: str
    reason: str | None = None
    source_sha256: str | None = None
    sha256: str | None = None
    phash: str | None = None
    dhash: str | None = None
    turned: tuple[str, ...] | list[str] | None = ()
    width: int | None = None
    height: int | None = None
    source_width: int | None = None
    source_height: int | None = None
    source_bytes: int | None = None
    size_bytes: int | None = None


class LabelConflict(Row):
    """Labels that claim the same picture. One has it (`builder.survivors` says which); the others lose theirs."""

    kept: str  # key of the survivor
    label: str  # its label
    others: dict[str, int]  # by other label: how many of its images were copies of this one
