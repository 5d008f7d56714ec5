"""The sample gallery: a small site with a JSON search, for machines without the web."""

import requests
from pydantic import BaseModel, Field, ValidationError

from builder.engines.base import Page, pixels, raise_for_status, short
from builder.errors import SourceError
from builder.links import clean_link
from builder.rows import Candidate


class _Result(BaseModel):
    url: str
    page_url: str | None = None
    title: str | None = None
    licence: str | None = None
    width: int | None = None
    height: int | None = None


class _Answer(BaseModel):
    results: list[_Result]
    next_page: int | None = Field(default=None, alias="next")


class Sample:
    """`GET {base}/search?q=..&page=N` answers `{"results": [{"url", "page_url", ...}], "next": N or null}`."""

    name = "sample"
    takes_queries = True

    def __init__(self, base_url: str | None, timeout_seconds: float = 15) -> None:
        self._base_url = (base_url or "").rstrip("/")
        self._timeout = timeout_seconds
        self._session = requests.Session()
        self._session.trust_env = False  # the gallery is near: no proxy, no netrc

    def search(self, query: str, label: str, page: int) -> Page:
        """See `Engine.search`."""
        if not self._base_url:
            message = "the sample gallery has no address: start the local stack, or set its base URL"
            raise SourceError(self.name, "not_configured", message)
        try:
            response = self._session.get(
                f"{self._base_url}/search", params={"q": query, "page": str(page)}, timeout=self._timeout
            )
        except requests.RequestException as error:
            message = f"the sample gallery at {self._base_url} cannot be reached: {type(error).__name__}"
            raise SourceError(self.name, "unreachable", message) from error
        raise_for_status(self.name, response.status_code)
        try:
            answer = _Answer.model_validate_json(response.content)
        except ValidationError as error:
            message = f"the sample gallery answered in another form: {error.error_count()} fields are wrong"
            raise SourceError(self.name, "changed", message) from error
        return Page(
            tuple(self._candidate(result, query, label) for result in answer.results if clean_link(result.url)),
            answer.next_page is not None,
        )

    def _candidate(self, result: _Result, query: str, label: str) -> Candidate:
        return Candidate(
            url=clean_link(result.url) or result.url,
            label=label,
            engine=self.name,
            query=query,
            page_url=clean_link(result.page_url),
            title=short(result.title),
            licence=short(result.licence),
            width=pixels(result.width),
            height=pixels(result.height),
        )
