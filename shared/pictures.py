"""The bytes of one stored image, cut out of its shard, and small versions of it."""

from builder.rows import ImageRow
from shared.blobs import dataset_folder
from shared.problems import not_found


def stored_bytes(dataset: str, row: ImageRow) -> bytes:
    """The bytes as stored; `ProblemError` 404 if the shard is gone."""
    if row.shard is None or row.offset is None or row.size_bytes is None:
        raise not_found("image with bytes")
    try:
        return dataset_folder(dataset).read_range(row.shard, row.offset, row.size_bytes)
    except FileNotFoundError:
        raise not_found("image with bytes") from None


def thumbnail(dataset: str, row: ImageRow, size: int) -> bytes:
    """A JPEG that fits into `size` x `size` pixels, upright."""
    from builder.thumbnails import thumbnail as make

    return make(stored_bytes(dataset, row), size)
