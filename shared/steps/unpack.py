"""From an uploaded archive to raw shards of its images: the format that everything fetched has."""

import tarfile
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import IO, BinaryIO, cast

from builder.archive_limits import ArchiveLimits
from builder.archive_names import PassedOver
from builder.archives import Entry, read_images
from builder.raw import write_raw_to
from builder.rounds import SHARD_SIZE
from builder.rows import Candidate, Fetched
from builder.spec import MAX_LABELS
from builder.store import pieces
from builder.uploaded import UploadedImage, folder_of
from shared.blobs import BlobFolder
from shared.settings import settings
from shared.upload_files import INDEX, images_folder, shard_name
from shared.uploads import RefusedError, UploadDocument, UploadReport

MAX_SHARD_BYTES = 128_000_000
"""A shard is closed with `SHARD_SIZE` images, or with the one that brings it over this. On disk at a time: the upload
(`max_upload_bytes`), one shard (this, and one image of at most 100 MB), and the index."""

_IN_MEMORY_BYTES = 16 << 20


class _Tally:
    """What was found so far."""

    def __init__(self) -> None:
        self.entries = self.images = self.bytes = self.unlabelled = 0
        self.passed_over: Counter[PassedOver] = Counter()
        self.labels: Counter[str] = Counter()

    def taken(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        """Count entries and give those with an image."""
        for entry in entries:
            self.entries += 1
            if entry.passed_over is not None:
                self.passed_over[entry.passed_over] += 1
                continue
            self.images += 1
            self.bytes += len(entry.data)
            folder = folder_of(entry.name)
            if folder is None:
                self.unlabelled += 1
            elif folder in self.labels or len(self.labels) < MAX_LABELS:
                self.labels[folder] += 1
            yield entry

    def report(self) -> UploadReport:
        return UploadReport(
            entries=self.entries,
            images=self.images,
            bytes=self.bytes,
            passed_over=dict(self.passed_over.most_common()),
            labels=dict(sorted(self.labels.items())),
            unlabelled=self.unlabelled,
        )


def unpack(document: UploadDocument, file: BinaryIO) -> UploadReport:
    """Write the images in a file as shards of the upload, and their index last; the same file gives the same shards.

    `RefusedError` when there is no image in it, `ArchiveError` when it cannot be used; shards may then be left.
    """
    config = settings()
    limits = ArchiveLimits(entries=config.max_upload_entries, decoded_bytes=config.max_upload_unpacked_bytes)
    folder = images_folder(document.owner, document.id)
    tally = _Tally()
    taken = tally.taken(read_images(file, document.filename, limits))
    with tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES) as index:
        number = 0
        while (first := next(taken, None)) is not None:
            for image in _write_shard(folder, document.id, number, chain([first], taken)):
                index.write(image.model_dump_json().encode() + b"\n")
            number += 1
        if not tally.images:
            raise RefusedError("no_images", _no_images(tally), tally.report())
        index.seek(0)
        folder.write(INDEX, pieces(cast("IO[bytes]", index)))
    return tally.report()


def _no_images(tally: _Tally) -> str:
    why = ", ".join(f"{reason} {count}" for reason, count in tally.passed_over.most_common(5))
    if "encrypted" in tally.passed_over:
        return f"No image could be taken ({why}): pack the images without a password."
    return f"No image could be taken{f' ({why})' if why else ''}: pack image files, in a folder for each label."


def _write_shard(folder: BlobFolder, upload: str, number: int, entries: Iterator[Entry]) -> list[UploadedImage]:
    """Write the next images as one raw shard; the same images give the same shard."""
    paths: list[str] = []

    def rows() -> Iterator[tuple[int, Fetched, bytes | None]]:
        size = 0
        for entry in entries:
            paths.append(entry.name)
            size += len(entry.data)
            yield len(paths) - 1, _row(upload, entry), entry.data
            if len(paths) == SHARD_SIZE or size > MAX_SHARD_BYTES:
                return

    with tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES) as spool:
        write_raw_to(cast("IO[bytes]", spool), rows())
        spool.seek(0)
        with tarfile.open(fileobj=cast("IO[bytes]", spool), mode="r:") as archive:
            places = [(one.offset_data, one.size) for one in archive if one.name.endswith(".bin")]
        spool.seek(0)
        folder.write(shard_name(number), pieces(cast("IO[bytes]", spool)))
    return [
        UploadedImage(upload=upload, path=path, shard=number, offset=offset, size_bytes=size)
        for path, (offset, size) in zip(paths, places, strict=True)
    ]


def _row(upload: str, entry: Entry) -> Fetched:
    place = UploadedImage(upload=upload, path=entry.name, shard=0, offset=0, size_bytes=0)
    label = folder_of(entry.name) or ""
    candidate = Candidate(url=place.url, label=label, engine="uploads", query=label)
    return Fetched(candidate=candidate, size_bytes=len(entry.data))
