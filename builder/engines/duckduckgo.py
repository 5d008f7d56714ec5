"""DuckDuckGo's image search, 100 results a page, through ddgs."""

import json
from pathlib import Path
from typing import override

from ddgs.engines.duckduckgo_images import DuckduckgoImages
from ddgs.results import ImagesResult

from builder.engines.through_ddgs import DdgsSearch, client_settings, exact


class _Backend(DuckduckgoImages):
    @override
    def extract_results(self, html_text: str) -> list[ImagesResult]:
        results = super().extract_results(html_text)
        items = json.loads(html_text)["results"]
        return [exact(result, item.get("image"), item.get("url")) for result, item in zip(results, items, strict=True)]


class DuckDuckGo(DdgsSearch):
    """Two requests a page: `/?q=` for a token, `/i.js` for the results as JSON."""

    def __init__(self, timeout_seconds: int = 15, proxy: str | None = None, ca_file: Path | None = None) -> None:
        super().__init__("duckduckgo", _Backend(**client_settings(timeout_seconds, proxy, ca_file)))

    @override
    def is_honestly_empty(self, text: str, page: int) -> bool:
        return bool(text)  # `results` was there, for extract_results reads it, and it was empty
