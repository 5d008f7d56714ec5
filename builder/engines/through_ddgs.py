"""Image search through ddgs, one named backend at a time, with what ddgs hides: HTTP status, exact URLs, bare failures.

ddgs (9.16) turns every failure into "No results found." and unquotes URLs for good. Its engine classes are used as they
are; only their HTTP client is exchanged for one that looks at the status, and results take their URLs from the source.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path
from typing import Any, override

from ddgs.base import BaseSearchEngine
from ddgs.exceptions import DDGSException, TimeoutException
from ddgs.http_client import HttpClient, Response
from ddgs.results import ImagesResult

from builder.engines.base import Page, pixels, raise_for_status, short
from builder.errors import SourceError
from builder.links import clean_link
from builder.rows import Candidate
from builder.text import one_line

REGION = "us-en"
SAFESEARCH = "on"
HUMAN_CHECKS = ("captcha", "unusual traffic", "anomaly-modal", "/challenge/")


class WatchedClient(HttpClient):
    """The HTTP client of a ddgs engine, telling failures apart and keeping the last answer."""

    def __init__(self, source: str, inner: HttpClient) -> None:
        self.client = inner.client
        self.source = source
        self.last_text = ""

    @override
    def request(self, *args: Any, **kwargs: Any) -> Response:
        try:
            response = super().request(*args, **kwargs)
        except TimeoutException as error:
            raise SourceError(self.source, "unreachable", f"{self.source} did not answer in time") from error
        except DDGSException as error:
            cause = type(error.__cause__).__name__
            message = f"{self.source} cannot be reached ({cause}): is there a network, or a proxy to set?"
            raise SourceError(self.source, "unreachable", message) from error
        self.last_text = response.text
        raise_for_status(self.source, response.status_code)
        return response


class DdgsSearch(ABC):
    """An `Engine` over one ddgs image backend; `source` is its name, `backend` the ddgs engine."""

    takes_queries = True

    def __init__(self, source: str, backend: BaseSearchEngine[ImagesResult]) -> None:
        self.name = source
        self._backend = backend
        self._client = WatchedClient(source, backend.http_client)
        backend.http_client = self._client

    def search(self, query: str, label: str, page: int) -> Page:
        """See `Engine.search`."""
        try:
            results = self._backend.search(query, region=REGION, safesearch=SAFESEARCH, page=page) or []
        except SourceError:
            raise
        except Exception as error:  # parsing an answer of another form than ddgs knows ends in just about any of them
            raise self._changed(f"{type(error).__name__}: {error}") from error
        if not results and not self.is_honestly_empty(self._client.last_text, page):
            raise self._changed("no results, and no word that there are none")
        candidates = tuple(self._candidates(results, query, label))
        if results and not candidates:
            raise self._changed("not one result has a URL")
        return Page(candidates, bool(results))

    @abstractmethod
    def is_honestly_empty(self, text: str, page: int) -> bool:
        """Whether an answer without results says so, rather than having taken another form."""

    def _changed(self, detail: str) -> SourceError:
        text = self._client.last_text.lower()
        if any(mark in text for mark in HUMAN_CHECKS):
            message = f"{self.name} asks for a human instead of answering: wait, or search from another network"
            return SourceError(self.name, "rate_limited", message)
        message = (
            f"{self.name} answered in a form that ddgs does not know ({one_line(detail, 200)}): look for a newer ddgs"
        )
        return SourceError(self.name, "changed", message)

    def _candidates(self, results: Iterable[ImagesResult], query: str, label: str) -> Iterable[Candidate]:
        for result in results:
            if (url := clean_link(result.image)) is not None:
                yield Candidate(
                    url=url,
                    label=label,
                    engine=self.name,
                    query=query,
                    page_url=clean_link(result.url),
                    title=short(result.title),
                    width=pixels(result.width),
                    height=pixels(result.height),
                )


def exact(result: ImagesResult, image: object, page: object) -> ImagesResult:
    """Put the URLs back as the source gave them: ddgs unquotes them, after which `%2F` and `/` are one."""
    object.__setattr__(result, "image", image)
    object.__setattr__(result, "url", page)
    return result


def client_settings(timeout_seconds: int, proxy: str | None, ca_file: Path | None) -> dict[str, Any]:
    """Arguments of every ddgs engine class."""
    return {"timeout": timeout_seconds, "proxy": proxy, "verify": str(ca_file) if ca_file else True}
