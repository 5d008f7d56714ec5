"""From a raw shard to a WebDataset shard of accepted images and one row per candidate."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, BinaryIO

from builder import tarstream
from builder.formats import EXTENSIONS
from builder.raw import read_raw
from builder.rows import Fetched, ImageRow
from builder.spec import ImageSpec
from builder.store import pieces
from builder.validate import Accepted, Rejected, validate

_IN_MEMORY_BYTES = 64 << 20
"""Above this the shard being written goes to a temporary file."""


@dataclass(frozen=True)
class ShardResult:
    """`name` says where the tar belongs in the dataset's folder; `rows` are in the order of the candidates, failures
    too."""

    name: str
    rows: tuple[ImageRow, ...]
    tar: IO[bytes]

    def chunks(self) -> Iterator[bytes]:
        """The tar in pieces, from its start: what `Folder.write` takes."""
        self.tar.seek(0)
        yield from pieces(self.tar)


def shard_name(label_slug: str, shard_number: int) -> str:
    """Name of a validated shard, relative to the dataset."""
    return f"shards/{label_slug}-{shard_number:05}.tar"


def validate_shard(
    raw: BinaryIO, *, label_slug: str, shard_number: int, spec: ImageSpec, turned: bool = False
) -> ShardResult:
    """Validate every candidate of a raw shard; a damaged image is a row with its reason, never the end of the shard.

    The tar holds `{key}.{ext}` and `{key}.json` (its row) for each accepted image, ordered by key. A row's `offset`
    is where the image's bytes begin in that tar: `folder.read_range(row.shard, row.offset, row.size_bytes)` is the
    image. The same raw shard gives the same tar, byte for byte. Raises `DamagedShardError` when `raw` is not a raw
    shard.
    """
    name = shard_name(label_slug, shard_number)
    tar: IO[bytes] = tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES)  # noqa: SIM115 - lives as long as the result
    rows = []
    for index, fetched, data in read_raw(raw):
        key = f"{label_slug}-{shard_number:05}-{index:02}"
        row, image = image_row(key, fetched, data, spec, turned=turned)
        if image is not None:
            row = row.model_copy(update={"shard": name, "offset": tar.tell() + tarstream.HEADER_BYTES})
            tar.write(tarstream.member(f"{key}.{EXTENSIONS[image.format]}", image.data))
            tar.write(tarstream.member(f"{key}.json", row.model_dump_json().encode()))
        rows.append(row)
    tar.write(tarstream.END)
    tar.seek(0)
    return ShardResult(name, tuple(rows), tar)


def image_row(
    key: str, fetched: Fetched, data: bytes | None, spec: ImageSpec, *, turned: bool = False
) -> tuple[ImageRow, Accepted | None]:
    """The row of one candidate, and the image if it is let in. `shard` and `offset` are for who stores it.

    `turned` asks for the hashes of mirrored and rotated versions too (`DedupeSpec.turned`).
    """
    candidate = fetched.candidate
    row = ImageRow(
        key=key,
        label=candidate.label,
        url=candidate.url,
        engine=candidate.engine,
        query=candidate.query,
        page_url=candidate.page_url,
        title=candidate.title,
        licence=candidate.licence,
        verdict="failed",
        reason=fetched.reason,
        detail=fetched.detail,
        http_status=fetched.http_status,
        content_type=fetched.content_type,
        final_url=fetched.final_url,
        seconds=fetched.seconds,
    )
    if fetched.reason is not None:
        return row, None
    if not data:
        return row.model_copy(update={"reason": "empty", "detail": "no bytes in the raw shard"}), None
    row = row.model_copy(update={"source_bytes": len(data)})
    result = validate(data, spec, turned=turned)
    if isinstance(result, Rejected):
        update = {
            "verdict": "rejected",
            "reason": result.reason,
            "detail": result.detail,
            "measured": result.measured,
            "source_format": result.source_format,
            "source_sha256": result.source_sha256,
            "source_width": result.source_width,
            "source_height": result.source_height,
        }
        return row.model_copy(update=update), None
    found: dict[str, object] = {
        "verdict": "accepted",
        "source_sha256": result.source_sha256,
        "sha256": result.sha256,
        "phash": result.phash,
        "dhash": result.dhash,
        "turned": result.turned,
        "source_format": result.source_format,
        "format": result.format,
        "width": result.width,
        "height": result.height,
        "size_bytes": len(result.data),
        "source_width": result.source_width,
        "source_height": result.source_height,
    }
    return row.model_copy(update=found), result
