"""Search engines and other sources of candidates, one module each; `engine` makes them by name."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from builder.engines.base import Engine, Page
from builder.spec import SourceName
from builder.uploaded import UploadedImage
from builder.urls import UrlRow

__all__ = ["Engine", "EngineSettings", "Page", "engine"]


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """What the sources need to know; each takes what is its own."""

    timeout_seconds: int = 15  # of one request to a search engine, in whole
    proxy: str | None = None  # for duckduckgo and bing: http://, https:// or socks5://
    ca_file: Path | None = None  # PEM, for a proxy that opens TLS
    sample_url: str | None = None  # base URL of the gallery, for `sample`
    urls: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # label -> its URLs, for `urls`
    url_list: Callable[[], Iterable[UrlRow]] | None = None  # opens the uploaded list from its start, for `urls`
    uploads: Callable[[], Iterable[UploadedImage]] | None = None  # the same for uploaded images, for `uploads`
    labels: tuple[str, ...] = ()  # all of the dataset, for `uploads`


def engine(name: SourceName, settings: EngineSettings | None = None) -> Engine:
    """Make the source of that name. What it is built on is imported only here."""
    settings = settings or EngineSettings()
    match name:
        case "duckduckgo":
            from builder.engines.duckduckgo import DuckDuckGo

            return DuckDuckGo(settings.timeout_seconds, settings.proxy, settings.ca_file)
        case "bing":
            from builder.engines.bing import Bing

            return Bing(settings.timeout_seconds, settings.proxy, settings.ca_file)
        case "urls":
            from builder.engines.urls import UrlList

            return UrlList(settings.urls, settings.url_list)
        case "uploads":
            from builder.engines.uploads import Uploads

            return Uploads(settings.uploads, settings.labels)
        case "sample":
            from builder.engines.sample import Sample

            return Sample(settings.sample_url, settings.timeout_seconds)
