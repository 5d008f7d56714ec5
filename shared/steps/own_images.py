"""Candidates from uploads: their bytes come from the uploads' shards by range, and not from the network."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping

from builder.rows import Candidate, Fetched, FetchReason
from builder.uploaded import UploadedImage, find, upload_of
from shared.upload_files import images_folder, read_index, shard_name


def is_own(candidate: Candidate) -> bool:
    """Whether the candidate is an image of an upload."""
    return candidate.engine == "uploads" and upload_of(candidate.url) is not None


def own_images(
    owner: str, candidates: Mapping[int, Candidate], *, max_bytes: int, taken_down: Callable[[bytes], str | None]
) -> Iterator[tuple[int, Fetched, bytes]]:
    """For every candidate (by index) its row and bytes, as fetching gives them; the bytes are empty where the row has
    a reason. `taken_down` says which entry of the take-down list covers some bytes."""
    by_upload: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for index, candidate in candidates.items():
        by_upload[upload_of(candidate.url) or ""][candidate.url] = index
    for upload, urls in by_upload.items():
        for image in _found(owner, upload, urls):
            index = urls.pop(image.url)
            yield index, *_read(owner, image, candidates[index], max_bytes, taken_down)
        for index in urls.values():
            yield index, *_failed(candidates[index], "incomplete", "the upload that held it has been deleted")


def _found(owner: str, upload: str, urls: Mapping[str, int]) -> list[UploadedImage]:
    try:
        return list(find(read_index(owner, upload), urls))
    except FileNotFoundError:
        return []


def _read(
    owner: str, image: UploadedImage, candidate: Candidate, max_bytes: int, taken_down: Callable[[bytes], str | None]
) -> tuple[Fetched, bytes]:
    if image.size_bytes > max_bytes:
        return _failed(candidate, "too_large", f"{image.size_bytes:,} bytes, {max_bytes:,} allowed")
    try:
        data = images_folder(owner, image.upload).read_range(shard_name(image.shard), image.offset, image.size_bytes)
    except FileNotFoundError:
        return _failed(candidate, "incomplete", "the upload that held it has been deleted")
    if (entry := taken_down(data)) is not None:
        return _failed(candidate, "taken_down", f"{entry} is on the take-down list")
    return Fetched(candidate=candidate, size_bytes=len(data)), data


def _failed(candidate: Candidate, reason: FetchReason, detail: str) -> tuple[Fetched, bytes]:
    return Fetched(candidate=candidate, reason=reason, detail=detail), b""
