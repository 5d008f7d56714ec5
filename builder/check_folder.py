"""Check what lies in a folder: image files by the builder's own checks, a built dataset by its manifest's hashes."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Literal

from builder.errors import NotADatasetError
from builder.files import image_files
from builder.images import read_images
from builder.manifest import MANIFEST, read_manifest
from builder.rows import ImageRow, RejectReason
from builder.spec import ImageSpec
from builder.spread import spread
from builder.store import LocalFolder

FileReason = RejectReason | Literal["unreadable", "missing"]
"""Beside what validation says: a file that cannot be read; bytes that the manifest promises and that are not there,
or are others."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found of one image. `path` is relative to the folder; sizes are in pixels, upright; hashes are hex."""

    path: str
    verdict: Literal["accepted", "rejected"]
    reason: FileReason | None = None
    detail: str | None = None
    measured: float | None = None  # what the check named by `reason` measured, where it measures
    format: str | None = None
    width: int | None = None
    height: int | None = None
    size_bytes: int | None = None
    sha256: str | None = None
    phash: str | None = None
    dhash: str | None = None
    turned: tuple[str, ...] = ()


def check_files(
    root: Path, spec: ImageSpec, processes: int, *, turned: bool = False, links: bool = True
) -> Iterator[Checked]:
    """Every image file below `root` (`builder.files.image_files`) through `builder.validate`, in order of path.

    The files stay as they are. Memory is bounded by some batches of paths and, per process, one image.
    """
    work = partial(check_file, root=str(root), spec=spec, turned=turned)
    yield from spread(
        work,
        image_files(root, links=links),
        processes,
        lost=_lost,
        preload=("builder.check_folder", "builder.validate"),
    )


def check_file(path: str, *, root: str, spec: ImageSpec, turned: bool = False) -> Checked:
    """What validation says of one file; never raises for what the file is, or when it cannot be read."""
    from builder.validate import Accepted, validate

    try:
        with Path(root, path).open("rb") as file:
            data = file.read(spec.max_bytes + 1)
            size = Path(root, path).stat().st_size if len(data) > spec.max_bytes else len(data)
    except OSError as error:
        return Checked(path, "rejected", "unreadable", error.strerror or str(error))
    result = validate(data, spec, turned=turned)
    if isinstance(result, Accepted):
        return Checked(
            path,
            "accepted",
            format=result.source_format,
            width=result.source_width,
            height=result.source_height,
            size_bytes=size,
            sha256=result.source_sha256,
            phash=result.phash,
            dhash=result.dhash,
            turned=result.turned,
        )
    return Checked(
        path,
        "rejected",
        result.reason,
        result.detail,
        result.measured,
        format=result.source_format,
        width=result.source_width,
        height=result.source_height,
        size_bytes=size,
        sha256=result.source_sha256 if size == len(data) else None,
    )


def _lost(path: str) -> Checked:
    return Checked(path, "rejected", "damaged", "the process that decoded it died")


def is_dataset(root: Path) -> bool:
    """Whether a build made this folder: it has a manifest and shards.

    Raises `NotADatasetError` for a build that did not come to its end: its shards are no folder of images either.
    """
    if (root / MANIFEST).is_file() and (root / "shards").is_dir():
        return True
    if (root / "plan.json").is_file() and (root / "rows").is_dir():
        msg = f"{root} holds a build that did not come to its end: repeat the command that began it"
        raise NotADatasetError(msg)
    return False


def check_dataset(root: Path) -> Iterator[Checked]:
    """Every accepted image of a built dataset against the hash in the manifest, read from its shard, in order of key.

    Raises `ManifestError` when the manifest cannot be read.
    """
    folder = LocalFolder(root)
    accepted = (row for row in read_manifest(folder.chunks(MANIFEST)) if row.verdict == "accepted")
    for shard, rows in groupby(accepted, key=lambda row: row.shard):
        size = (root / shard).stat().st_size if shard and (root / shard).is_file() else 0
        for row in rows:
            end = None if row.offset is None or row.size_bytes is None else row.offset + row.size_bytes
            if end is None or end > size:
                yield _stored(row, "missing", f"{shard or 'no shard'} does not hold it: fetch it with `rebuild`")
                continue
            ((_, data),) = read_images(folder, [row])
            found = hashlib.sha256(data).hexdigest()
            if found == row.sha256:
                yield _stored(row)
            else:
                yield _stored(row, "changed", f"SHA-256 is {found}, not that of the manifest: fetch it with `rebuild`")


def _stored(row: ImageRow, reason: FileReason | None = None, detail: str | None = None) -> Checked:
    return Checked(
        path=f"{row.shard}/{row.key}",
        verdict="rejected" if reason else "accepted",
        reason=reason,
        detail=detail,
        format=row.format,
        width=row.width,
        height=row.height,
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        phash=row.phash,
        dhash=row.dhash,
    )
