"""Bing's image search, 35 results a page, through ddgs."""

import json
from pathlib import Path
from typing import Any, override

from ddgs.engines.bing_images import BingImages
from ddgs.results import ImagesResult

from builder.engines.through_ddgs import DdgsSearch, client_settings, exact

RESULT_MARKS = ('class="iusc', "murl")
EMPTY_MARKS = ("dgcontrol", "no_results", "noresult", "there are no results for", "we didn't find any")


class _Backend(BingImages):
    @override
    def build_payload(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return super().build_payload(*args, **kwargs) | {"adlt": "strict"}  # ddgs leaves safesearch out

    @override
    def extract_results(self, html_text: str) -> list[ImagesResult]:
        results = super().extract_results(html_text)
        told = (item.xpath(".//a[@class='iusc']/@m") for item in self.extract_tree(html_text).xpath(self.items_xpath))
        sources = [json.loads(metadata[0]) for metadata in told if metadata]
        return [
            exact(result, item.get("murl"), item.get("purl")) for result, item in zip(results, sources, strict=True)
        ]


class Bing(DdgsSearch):
    """One request a page, answered with a piece of HTML that holds JSON in attributes."""

    def __init__(self, timeout_seconds: int = 15, proxy: str | None = None, ca_file: Path | None = None) -> None:
        super().__init__("bing", _Backend(**client_settings(timeout_seconds, proxy, ca_file)))

    @override
    def is_honestly_empty(self, text: str, page: int) -> bool:
        lower = text.lower()
        if any(mark in lower for mark in RESULT_MARKS):
            return False  # there are results, and ddgs did not find them
        return any(mark in lower for mark in EMPTY_MARKS) or (page > 1 and not lower.strip())
