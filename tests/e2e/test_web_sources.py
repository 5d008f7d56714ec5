from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from local.gallery.topics import TOPICS
from tests.builder.engines.stand_in import Picture, Reply, SearchWeb, search_web
from tests.e2e.conftest import Stack

TOPIC = next(iter(TOPICS))
KEYWORD = "alpine scenery"


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchWeb]:
    """duckduckgo and bing on loopback, reached through ddgs's own code."""
    with search_web(tmp_path_factory.mktemp("web")) as running:
        yield running


@pytest.fixture(scope="module")
def searching(web: SearchWeb, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack whose search engines are the stand-ins; what they find hangs in the stack's gallery."""
    stack = Stack(
        Path(tmp_path_factory.mktemp("searching")),
        PIXCRAWLER_SEARCH_PROXY=web.proxy,
        PIXCRAWLER_SEARCH_CA_FILE=str(web.ca_file),
    )
    stack.up()
    try:
        gallery = f"http://127.0.0.1:{stack.ports['GALLERY']}"
        results = httpx.get(f"{gallery}/search", params={"q": TOPIC}).json()["results"]
        web.pictures[:] = [Picture(one["url"], one["page_url"], one["title"]) for one in results]
        yield stack
    finally:
        stack.down()


def test_keywords_become_a_dataset_through_a_web_search(searching: Stack, web: SearchWeb) -> None:
    web.replies["www.bing.com/images/async"] = Reply("<h1>Too Many Requests</h1>", 429)
    dataset = searching.create(
        name="web", labels=[{"name": KEYWORD}], images_per_label=45, sources=["duckduckgo", "bing"]
    )
    found = searching.finished(dataset)
    assert found["state"] == "ready", found
    sources = {one["source"]: one for one in found["progress"]["sources"]}
    assert sources["duckduckgo"]["found"] >= 45
    assert sources["duckduckgo"]["error"] is None
    assert (sources["bing"]["found"], sources["bing"]["error"]["kind"]) == (0, "rate_limited")
    rows = searching.images(dataset, verdict="accepted")
    assert len(rows) == 45
    assert {(row["engine"], row["label"]) for row in rows} == {("duckduckgo", KEYWORD)}
    assert all(row["query"] and row["page_url"] and row["title"] for row in rows)
    assert ("duckduckgo.com/i.js", KEYWORD) in {(place, query.get("q")) for place, query in web.asked}


def test_when_no_engine_answers_the_build_fails_with_a_sentence_for_each(searching: Stack, web: SearchWeb) -> None:
    web.replies["www.bing.com/images/async"] = Reply("<h1>Forbidden</h1>", 403)
    web.replies["duckduckgo.com/"] = Reply("no", 403)
    dataset = searching.create(
        name="none", labels=[{"name": "zebra"}], images_per_label=5, sources=["duckduckgo", "bing"]
    )
    found = searching.finished(dataset)
    assert found["state"] == "failed"
    errors = {one["source"]: one["error"]["kind"] for one in found["progress"]["sources"]}
    assert errors == {"duckduckgo": "refused", "bing": "refused"}
    assert "duckduckgo" in found["error"]
    assert "bing" in found["error"]
