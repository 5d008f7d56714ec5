"""Where a dataset's images are cut into files, or a file's into groups: by number and by bytes."""

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby

from builder.rows import ImageRow


def cut(rows: Iterable[ImageRow], images: int, size: int) -> Iterator[tuple[int, Iterator[ImageRow]]]:
    """The rows in parts, numbered from 0: a part is full when it has `images` of them, or when another one would make
    their bytes more than `size`. What is left of a part is
    passed over when the next one is asked for."""
    return groupby(rows, key=_numbers(images, size))


def _numbers(most: int, most_bytes: int) -> Callable[[ImageRow], int]:
    """A function that, called on row after row, tells the number of the part that each belongs to."""
    number = images = size = 0

    def of(row: ImageRow) -> int:
        nonlocal number, images, size
        more = row.size_bytes or 0
        if images and (images >= most or size + more > most_bytes):
            number, images, size = number + 1, 0, 0
        images, size = images + 1, size + more
        return number

    return of
