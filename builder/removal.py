"""Removing pictures from a dataset that has been built: which rows go, what their rows say then, and their bytes."""

import tarfile
from collections.abc import Iterable
from typing import IO

from yarl import URL

from builder.rows import ImageRow
from builder.takedown import TakeDownList
from builder.tarstream import HEADER_BYTES, padding

_OF_THE_CANDIDATE = {"key", "label", "url", "engine", "query", "page_url", "title", "licence", "final_url"}


def covering(row: ImageRow, take_down: TakeDownList) -> str | None:
    """The entry that covers an image: its addresses (the page it was found on too), its bytes as served or as stored.

    None when there is none, and when nothing of the image is left to be removed.
    """
    if is_removed(row):
        return None
    for text in (row.url, row.final_url, row.page_url):
        if text and (entry := take_down.entry_for_url(_url(text))) is not None:
            return entry
    for digest in (row.source_sha256, row.sha256):
        if digest and bytes.fromhex(digest) in take_down.hashes:
            return f"sha256:{digest}"
    return None


def to_remove(rows: Iterable[ImageRow], take_down: TakeDownList) -> dict[str, str]:
    """The keys of images that must go -> the entry that says so. Copies go with the image that stands for them:
    they are the same picture, and one of them would be taken in its place."""
    copies: list[tuple[str, str]] = []
    found: dict[str, str] = {}
    for row in rows:
        if (entry := covering(row, take_down)) is not None:
            found[row.key] = entry
        elif row.duplicate_of is not None:
            copies.append((row.key, row.duplicate_of))
    return found | {key: found[original] for key, original in copies if original in found}


def is_removed(row: ImageRow) -> bool:
    """Whether neither bytes nor hashes of the image are told of any more, or ever were."""
    return row.verdict == "failed" and row.shard is None and row.sha256 is None and row.source_sha256 is None


def removed(row: ImageRow, detail: str) -> ImageRow:
    """The row of an image that was taken down: what the source said, and that it is not there."""
    told = row.model_dump(include=_OF_THE_CANDIDATE)
    return ImageRow(**told, verdict="failed", reason="taken_down", detail=detail)


def overwrite(tar: IO[bytes], row: ImageRow, told: ImageRow) -> None:
    """Overwrite one image in its shard with zeros, and the row behind it with `told`; nothing in the tar moves.

    `tar` is open for reading and writing. Doing it twice changes nothing.
    """
    if row.offset is None or row.size_bytes is None:
        return
    tar.seek(row.offset)
    tar.write(bytes(row.size_bytes))
    start = row.offset + row.size_bytes + len(padding(row.size_bytes))
    tar.seek(start)
    try:
        member = tarfile.TarInfo.frombuf(tar.read(HEADER_BYTES), "utf-8", "strict")
    except tarfile.HeaderError:
        return
    if member.name == f"{row.key}.json":
        line = told.model_dump_json(exclude_none=True).encode()
        line = line if len(line) <= member.size else b"{}"
        tar.seek(start + HEADER_BYTES)
        tar.write(line.ljust(member.size))


def _url(text: str) -> URL:
    try:
        return URL(text)
    except ValueError:
        return URL()
