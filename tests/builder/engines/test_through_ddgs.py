"""duckduckgo and bing through ddgs's own code, against a stand-in for both behind an HTTPS proxy."""

import json
import time
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Literal

import pytest
import trustme

from builder.engines import Engine, EngineSettings, engine
from builder.errors import SOURCE_FAILURES, SourceError
from builder.rounds import search_round, start_search
from builder.rows import Candidate
from tests.builder.engines.stand_in import Picture, Reply, SearchWeb, search_web

Name = Literal["duckduckgo", "bing"]
RESULTS = {"duckduckgo": "duckduckgo.com/i.js", "bing": "www.bing.com/images/async"}
TOKEN = "duckduckgo.com/"

both = pytest.mark.parametrize("name", ["duckduckgo", "bing"])


@pytest.fixture
def web(tmp_path: Path) -> Iterator[SearchWeb]:
    with search_web(tmp_path) as running:
        yield running


def make(name: Name, web: SearchWeb, timeout_seconds: int = 5) -> Engine:
    return engine(name, EngineSettings(timeout_seconds=timeout_seconds, proxy=web.proxy, ca_file=web.ca_file))


def failure(name: Name, web: SearchWeb, page: int = 1, timeout_seconds: int = 5) -> SourceError:
    with pytest.raises(SourceError) as caught:
        make(name, web, timeout_seconds).search("red panda", "panda", page)
    assert caught.value.source == name
    assert caught.value.kind in SOURCE_FAILURES
    assert name in str(caught.value)
    return caught.value


@both
def test_results_become_candidates_with_the_sources_own_urls(name: Name, web: SearchWeb) -> None:
    told_and_known = {
        "https://a.example/plain.jpg": "https://a.example/plain.jpg",
        "https://a.example/a%2Fb%20c%2Bd.jpg?u=https%3A%2F%2Fb.example%2F%3Fx%3D1%26y%3D2": None,  # unchanged
        "https://a.example/with space.jpg": "https://a.example/with%20space.jpg",
        "https://a.example/ä+ö.jpg": "https://a.example/%C3%A4+%C3%B6.jpg",
        'https://a.example/q.jpg?a="<&amp;>': "https://a.example/q.jpg?a=%22%3C&amp;%3E",
    }
    web.pictures = [Picture(url, size=(640, 480 + place)) for place, url in enumerate(told_and_known)]
    page = make(name, web).search("red & panda", "panda", 1)
    assert [candidate.url for candidate in page.candidates] == [known or told for told, known in told_and_known.items()]
    assert page.candidates[0] == Candidate(
        url="https://a.example/plain.jpg",
        label="panda",
        engine=name,
        query="red & panda",
        page_url="https://site.example/page",
        title="A picture",
        width=640,
        height=480,
    )
    assert page.candidates[4].height == 484
    assert all(asked["q"] == "red & panda" for _, asked in web.asked)


@both
def test_what_is_missing_or_no_link_spoils_nothing_else(name: Name, web: SearchWeb) -> None:
    web.pictures = [
        Picture("https://a.example/1.jpg", title=None),
        Picture("https://a.example/2.jpg", title="<b>Bold</b> &amp;\n  brave", page_url=""),
        Picture("https://a.example/3.jpg", page_url="javascript:alert(1)", size=(0, -1)),
        Picture("data:image/png;base64,AAAA"),
        Picture("https://user:pass@a.example/4.jpg"),
        Picture("https://a.example/5.jpg"),
        Picture("https://a.example/half-a-character-\ud83d.jpg"),
        Picture("https://a.example/6.jpg", title="half a character \ud83d", page_url="https://a.example/\ud83d"),
    ]
    found = make(name, web).search("x", "x", 1).candidates
    assert [candidate.url[-5:] for candidate in found] == ["1.jpg", "2.jpg", "3.jpg", "5.jpg", "6.jpg"]
    assert [candidate.title for candidate in found] == [
        None,
        "Bold & brave",
        "A picture",
        "A picture",
        "half a character",
    ]
    assert [candidate.page_url is not None for candidate in found] == [True, False, False, True, False]
    assert (found[2].width, found[2].height) == (None, None)


@both
def test_pages_until_dry(name: Name, web: SearchWeb) -> None:
    web.pictures = [Picture(f"https://a.example/{number}.jpg") for number in range(230)]
    source = make(name, web)
    found, state = search_round([source], start_search([source], ["p"], "x"), 1_000, set(), "x")
    assert [candidate.url for candidate in found] == [picture.url for picture in web.pictures]
    assert (state.dry, state.failures) == (True, ())
    pages = [query for place, query in web.asked if place == RESULTS[name]]
    if name == "duckduckgo":
        assert [query.get("s") for query in pages] == [None, "100", "200", "300"]
    else:
        assert [query["first"] for query in pages] == ["1", "36", "71", "106", "141", "176", "211", "246"]


@both
def test_safe_search_is_on(name: Name, web: SearchWeb) -> None:
    web.pictures = [Picture("https://a.example/1.jpg")]
    make(name, web).search("x", "x", 1)
    _, asked = web.asked[-1]
    assert asked["p"] == "1" if name == "duckduckgo" else asked["adlt"] == "strict"


@both
def test_nothing_found_is_no_failure(name: Name, web: SearchWeb) -> None:
    page = make(name, web).search("x", "x", 1)
    assert (page.candidates, page.more) == ((), False)


@both
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (202, "rate_limited"),
        (429, "rate_limited"),
        (403, "refused"),
        (404, "refused"),
        (418, "refused"),
        (500, "unreachable"),
        (503, "unreachable"),
        (204, "changed"),
    ],
)
def test_statuses_are_told_apart(name: Name, status: int, kind: str, web: SearchWeb) -> None:
    web.replies[RESULTS[name]] = Reply("<html>no</html>", status)
    assert failure(name, web).kind == kind


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply("<html>challenge</html>", 202), "rate_limited"),
        (Reply("<html>no</html>", 403), "refused"),
        (Reply("", 500), "unreachable"),
        (Reply("<html>a new front page without any token</html>"), "changed"),
        (Reply(""), "changed"),
        (Reply('<html><div class="anomaly-modal__title">Unfortunately, bots use DuckDuckGo too</div>'), "rate_limited"),
    ],
)
def test_duckduckgos_token_page(reply: Reply, kind: str, web: SearchWeb) -> None:
    web.replies[TOKEN] = reply
    assert failure("duckduckgo", web).kind == kind
    assert [place for place, _ in web.asked] == [TOKEN]


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<html>not JSON</html>",
        "null",
        "[]",
        "{}",
        '{"results": null}',
        '{"results": {"image": "https://a.example/1.jpg"}}',
        '{"results": ["https://a.example/1.jpg"]}',
        '{"results": [{"picture": "https://a.example/1.jpg"}]}',
        '{"results": [{"image": {"href": "https://a.example/1.jpg"}}]}',
        '{"results": [',
    ],
)
def test_duckduckgo_in_another_form(body: str, web: SearchWeb) -> None:
    web.replies[RESULTS["duckduckgo"]] = Reply(body)
    assert failure("duckduckgo", web).kind == "changed"


ITEM = '<div><div class="imgpt"><a class="iusc" m="{m}"></a></div><div class="infopt"></div></div>'
GOOD = f'<div class="dgControl">{ITEM}</div>'


@pytest.mark.parametrize(
    "body",
    [
        "",
        " ",
        "<html><body>Hello</body></html>",
        '{"results": []}',
        '<div class="dgControl"><a class="iusc2" data-m="{&quot;murl&quot;:&quot;https://a.example/1.jpg&quot;}"></a></div>',
        GOOD.replace("{m}", "no JSON"),
        GOOD.replace("{m}", "{}"),
        GOOD.replace("{m}", "[1]"),
        GOOD.replace("{m}", "{&quot;murl&quot;: 7}"),
    ],
)
def test_bing_in_another_form(body: str, web: SearchWeb) -> None:
    web.replies[RESULTS["bing"]] = Reply(body)
    assert failure("bing", web).kind == "changed"


@both
def test_a_result_without_a_picture_is_passed_over(name: Name, web: SearchWeb) -> None:
    good = "https://a.example/1.jpg"
    if name == "duckduckgo":
        web.replies[RESULTS[name]] = Reply(json.dumps({"results": [{"title": "an advert"}, {"image": good}]}))
    else:
        items = [ITEM.replace("{m}", escape(json.dumps(metadata))) for metadata in ({"t": "advert"}, {"murl": good})]
        web.replies[RESULTS[name]] = Reply(f'<div class="dgControl">{"".join(items)}</div>')
    assert [candidate.url for candidate in make(name, web).search("x", "x", 1).candidates] == [good]


def test_bing_asks_for_a_human(web: SearchWeb) -> None:
    web.replies[RESULTS["bing"]] = Reply("<html><h1>One last step</h1><div id='captcha'>Solve the CAPTCHA</div></html>")
    assert failure("bing", web).kind == "rate_limited"


def test_bing_may_end_with_a_blank_page_but_not_begin_with_one(web: SearchWeb) -> None:
    web.replies[RESULTS["bing"]] = Reply("")
    page = make("bing", web).search("x", "x", 2)
    assert (page.candidates, page.more) == ((), False)
    assert failure("bing", web, page=1).kind == "changed"


@both
def test_a_slow_answer_ends_in_time(name: Name, web: SearchWeb) -> None:
    def wait() -> Reply:
        web.closing.wait(30)
        return Reply("late")

    web.replies[RESULTS[name]] = wait
    started = time.monotonic()
    error = failure(name, web, timeout_seconds=1)
    assert (error.kind, time.monotonic() - started < 5) == ("unreachable", True)
    assert "in time" in str(error)


@both
def test_nobody_at_the_proxy(name: Name, tmp_path: Path) -> None:
    with search_web(tmp_path) as gone:
        pass
    assert failure(name, gone).kind == "unreachable"


@both
def test_tls_is_verified(name: Name, web: SearchWeb, tmp_path: Path) -> None:
    web.ca_file = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(web.ca_file)
    assert failure(name, web).kind == "unreachable"
    assert web.asked == []


@both
def test_an_engine_recovers(name: Name, web: SearchWeb) -> None:
    web.pictures = [Picture("https://a.example/1.jpg")]
    source = make(name, web)
    web.replies[RESULTS[name]] = Reply("", 503)
    with pytest.raises(SourceError):
        source.search("x", "x", 1)
    web.replies.clear()
    assert len(source.search("x", "x", 1).candidates) == 1
