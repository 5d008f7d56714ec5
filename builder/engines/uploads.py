"""Candidates from images that somebody handed in: those whose folder is the label."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import islice

from builder.engines.base import Page
from builder.errors import SourceError
from builder.rows import Candidate
from builder.spec import slugify
from builder.text import one_line
from builder.uploaded import UploadedImage, folder_of, label_of

PAGE_SIZE = 1_000
_FOLDERS_TOLD = 5


class Uploads:
    """Gives a label the images whose folder names it; all of them where there is but one label."""

    name = "uploads"
    takes_queries = False

    def __init__(
        self,
        images: Callable[[], Iterable[UploadedImage]] | None,
        labels: Collection[str],
        page_size: int = PAGE_SIZE,
    ) -> None:
        """`images` opens the list of them from its start; `labels` are the dataset's."""
        self._images = images
        self._slugs = {slugify(label) for label in labels}
        self._page_size = page_size

    def search(self, query: str, label: str, page: int) -> Page:
        """See `Engine.search`."""
        if self._images is None:
            message = "the source `uploads` has no images: name uploads in the request"
            raise SourceError(self.name, "not_configured", message)
        start = (page - 1) * self._page_size
        found = tuple(islice(self._of(self._images(), query, label), start, start + self._page_size))
        return Page(found, len(found) == self._page_size)

    def _of(self, images: Iterable[UploadedImage], query: str, label: str) -> Iterator[Candidate]:
        slug = slugify(label)
        for image in images:
            if label_of(image.path, self._slugs) == slug:
                yield Candidate(url=image.url, label=label, engine=self.name, query=query)


def unmatched(images: Iterable[UploadedImage], labels: Collection[str]) -> str | None:
    """A sentence on the images whose folders are no label of the dataset; None if there are none."""
    slugs = {slugify(label) for label in labels}
    total = 0
    lost: Counter[str] = Counter()
    for image in images:
        total += 1
        if label_of(image.path, slugs) is None:
            lost[folder_of(image.path) or ""] += 1
    if not lost:
        return None
    told = ", ".join(
        f"{one_line(name, 100) or 'no folder'} ({count})" for name, count in lost.most_common(_FOLDERS_TOLD)
    )
    more = ", ..." if len(lost) > _FOLDERS_TOLD else ""
    return f"{lost.total()} of {total} uploaded images are in folders that are no label here: {told}{more}"
