"""Candidates from lists: URLs written in the request, and an uploaded text or CSV file."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice

from builder.engines.base import Page, short
from builder.errors import SourceError, UrlListError
from builder.links import clean_link
from builder.rows import Candidate
from builder.spec import slugify
from builder.urls import UrlRow

PAGE_SIZE = 1_000


class UrlList:
    """Gives a label its own URLs first, then those of the list that name it or name no label at all.

    The list is read as a stream. Asked page by page it is read once; asked for any other page, from its start.
    """

    name = "urls"
    takes_queries = False

    def __init__(
        self,
        urls: Mapping[str, tuple[str, ...]],
        url_list: Callable[[], Iterable[UrlRow]] | None = None,
        page_size: int = PAGE_SIZE,
    ) -> None:
        self._urls = {slugify(label): links for label, links in urls.items()}
        self._url_list = url_list
        self._page_size = page_size
        self._open: tuple[str, int, Iterator[Candidate]] | None = None  # label, next page, what is left

    def search(self, query: str, label: str, page: int) -> Page:
        """See `Engine.search`."""
        if not self._urls and self._url_list is None:
            message = "the source `urls` has no list: give labels[].urls or url_list"
            raise SourceError(self.name, "not_configured", message)
        if self._open is not None and self._open[:2] == (label, page):
            rows = self._open[2]
        else:
            rows = islice(self._candidates(query, label), (page - 1) * self._page_size, None)
        self._open = None
        try:
            candidates = tuple(islice(rows, self._page_size))
        except UrlListError as error:
            raise SourceError(self.name, "refused", f"the URL list cannot be used: {error}") from error
        self._open = (label, page + 1, rows)
        return Page(candidates, len(candidates) == self._page_size)

    def _candidates(self, query: str, label: str) -> Iterator[Candidate]:
        slug = slugify(label)
        for url in self._urls.get(slug, ()):
            yield Candidate(url=clean_link(url) or url, label=label, engine=self.name, query=query)
        for row in self._url_list() if self._url_list else ():
            if row.label is None or slugify(row.label) == slug:
                yield Candidate(
                    url=row.url,
                    label=label,
                    engine=self.name,
                    query=query,
                    page_url=row.page_url,
                    title=short(row.title),
                    licence=short(row.licence),
                )
