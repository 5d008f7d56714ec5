"""Rounds of searching, with engines that live in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.engines.base import Engine, Page
from builder.errors import SOURCE_FAILURES, SourceError
from builder.links import url_key
from builder.rounds import (
    MAX_FAILED_ROUNDS,
    MAX_PAGES,
    MAX_STALE_PAGES,
    SearchState,
    search_again,
    search_round,
    start_search,
)
from builder.rows import Candidate

Answer = Sequence[str] | str  # URLs, or the kind of a failure


@dataclass
class Shelf:
    """An engine that reads its answers from a table: query -> pages. A failure stays until it is taken away."""

    name: str
    pages: Mapping[str, list[Answer]]
    takes_queries: bool = True
    endless: bool = False  # never says that there is no more
    asked: list[tuple[str, int]] = field(default_factory=list)

    def search(self, query: str, label: str, page: int) -> Page:
        self.asked.append((query, page))
        pages = self.pages.get(query, [])
        answer = pages[page - 1] if page <= len(pages) else []
        if isinstance(answer, str):
            raise SourceError(self.name, answer, f"{self.name} says {answer}")
        found = tuple(Candidate(url=url, label=label, engine=self.name, query=query) for url in answer)
        return Page(found, self.endless or page < len(pages))


def urls(*names: str) -> list[str]:
    return [f"http://a.example/{name}" for name in names]


def run(
    engines: Sequence[Engine], queries: Sequence[str], want: int = 10**9, seen: frozenset[str] = frozenset()
) -> tuple[list[str], SearchState]:
    found, state = search_round(engines, start_search(engines, queries, "label"), want, seen, "label")
    return [candidate.url.rpartition("/")[2] for candidate in found], state


def test_engines_and_queries_take_turns_page_by_page() -> None:
    one = Shelf("one", {"p": [urls("1"), urls("2")], "q": [urls("3")]})
    two = Shelf("two", {"p": [urls("4")], "q": [urls("5"), urls("6")]})
    found, state = run([one, two], ["p", "q"])
    assert found == ["1", "4", "3", "5", "2", "6"]
    assert one.asked == [("p", 1), ("q", 1), ("p", 2)]
    assert state.dry


def test_a_round_ends_when_there_are_enough_and_the_next_goes_on() -> None:
    engine = Shelf("one", {"p": [urls("1", "2"), urls("3", "4"), urls("5")]})
    found, state = run([engine], ["p"], want=3)
    assert found == ["1", "2", "3", "4"]
    assert not state.dry
    more, state = search_round([engine], SearchState.model_validate_json(state.model_dump_json()), 1, set(), "label")
    assert [candidate.url for candidate in more] == urls("5")
    assert state.dry
    assert engine.asked == [("p", 1), ("p", 2), ("p", 3)]


def test_what_was_seen_before_is_not_new_in_any_spelling() -> None:
    engine = Shelf("one", {"p": [["http://A.example:80/1#x", "http://a.example/2", "http://a.example/2#y"]]})
    found, _ = run([engine], ["p"], seen=frozenset({url_key("http://a.example/1")}))
    assert found == ["2"]


def test_a_source_without_queries_is_asked_once_per_page() -> None:
    shelf = Shelf("urls", {"label": [urls("1"), urls("2")]}, takes_queries=False)
    found, state = run([shelf], ["p", "q"])
    assert found == ["1", "2"]
    assert shelf.asked == [("label", 1), ("label", 2)]
    assert state.dry


def test_a_list_is_read_to_its_end_however_often_it_repeats_itself() -> None:
    pages: list[Answer] = [urls("1"), *([urls("1")] * (MAX_STALE_PAGES + MAX_PAGES)), urls("2")]
    found, state = run([Shelf("urls", {"label": pages}, takes_queries=False)], [])
    assert found == ["1", "2"]
    assert state.dry


@pytest.mark.parametrize("kind", ["refused", "changed", "not_configured"])
def test_a_lasting_failure_ends_an_engine_and_leaves_the_others(kind: str) -> None:
    broken = Shelf("broken", {"p": [kind], "q": [urls("never")]})
    sound = Shelf("sound", {"p": [urls("1")], "q": [urls("2")]})
    found, state = run([broken, sound], ["p", "q"])
    assert found == ["1", "2"]
    assert broken.asked == [("p", 1)]
    assert state.dry
    (failure,) = state.failures
    assert (failure.engine, failure.kind, failure.message) == ("broken", kind, f"broken says {kind}")
    assert failure.given_up


@pytest.mark.parametrize("kind", ["unreachable", "rate_limited"])
def test_a_passing_failure_is_tried_again_in_later_rounds_but_not_for_ever(kind: str) -> None:
    engine = Shelf("one", {"p": [kind]})
    _, state = run([engine], ["p"])
    for rounds in range(1, MAX_FAILED_ROUNDS):
        assert (state.dry, state.failures[0].rounds, len(engine.asked)) == (False, rounds, rounds)
        _, state = search_round([engine], state, 1, set(), "label")
    assert (state.dry, len(engine.asked)) == (True, MAX_FAILED_ROUNDS)
    assert search_round([engine], state, 1, set(), "label") == ((), state)


def test_an_engine_that_recovers_goes_on_where_it_was() -> None:
    pages: list[Answer] = [urls("1"), "rate_limited", urls("3")]
    engine = Shelf("one", {"p": pages})
    found, state = run([engine], ["p"])
    assert (found, state.dry) == (["1"], False)
    pages[1] = urls("2")
    more, state = search_round([engine], state, 10, set(), "label")
    assert [candidate.url for candidate in more] == urls("2", "3")
    assert (state.dry, state.failures) == (True, ())


def test_an_engine_that_repeats_itself_for_ever_runs_dry() -> None:
    engine = Shelf("one", {"p": [urls("1"), *[urls("1")] * 50]}, endless=True)
    found, state = run([engine], ["p"])
    assert (found, state.dry, len(engine.asked)) == (["1"], True, 1 + MAX_STALE_PAGES)


def test_an_engine_that_never_ends_is_cut() -> None:
    engine = Shelf("one", {"p": [urls(str(number)) for number in range(MAX_PAGES + 50)]}, endless=True)
    found, state = run([engine], ["p"])
    assert (len(found), state.dry) == (MAX_PAGES, True)


def test_an_engine_that_is_gone_is_given_up() -> None:
    state = start_search([Shelf("gone", {})], ["p"], "label")
    found, state = search_round([Shelf("here", {})], state, 1, set(), "label")
    assert (found, state.dry, state.failures[0].kind) == ((), True, "not_configured")


def test_without_sources_all_is_dry() -> None:
    assert start_search([], ["p"], "label").dry


names = st.sampled_from([str(number) for number in range(30)])
answers = st.one_of(st.lists(names, max_size=6).map(lambda found: urls(*found)), st.sampled_from(SOURCE_FAILURES))
shelves = st.dictionaries(st.sampled_from("pqr"), st.lists(answers, max_size=MAX_STALE_PAGES), max_size=3)


@given(st.lists(st.tuples(shelves, st.booleans()), min_size=1, max_size=3), st.integers(1, 8))
def test_rounds_end_repeat_nothing_and_lose_nothing(
    tables: list[tuple[dict[str, list[Answer]], bool]], want: int
) -> None:
    def play() -> tuple[list[str], SearchState]:
        engines = [Shelf(f"e{place}", table, endless=endless) for place, (table, endless) in enumerate(tables)]
        state = start_search(engines, ["p", "q"], "label")
        seen: set[str] = set()
        found: list[str] = []
        rounds = 0
        while not state.dry:
            rounds += 1
            assert rounds < 200
            fresh, state = search_round(engines, state, want, frozenset(seen), "label")
            state = SearchState.model_validate_json(state.model_dump_json())
            keys = [url_key(candidate.url) for candidate in fresh]
            assert not seen & set(keys)
            assert len(set(keys)) == len(keys)
            seen.update(keys)
            found += keys
            assert len(fresh) >= want or state.dry or state.failures
        for engine in engines:
            assert len(set(engine.asked)) >= len(engine.asked) - MAX_FAILED_ROUNDS  # only failed pages are asked again
        return found, state

    found, state = play()
    assert (found, state) == play()
    failing = {failure.engine for failure in state.failures}
    for place, (table, endless) in enumerate(tables):
        if f"e{place}" not in failing and not endless:
            there = {
                url
                for query in ("p", "q")
                for page in table.get(query, [])
                for url in page
                if page not in SOURCE_FAILURES
            }
            assert {url_key(url) for url in there} <= set(found)


def test_searching_again_starts_at_the_first_page_and_goes_beyond_what_is_known() -> None:
    """That pages repeat which were asked for before does not make a source dry."""
    known = [urls(f"{page}.jpg") for page in range(MAX_STALE_PAGES + 2)]
    shelf = Shelf("bing", {"cat": list(known)}, endless=True)
    found, state = search_round([shelf], start_search([shelf], ["cat"], "cat"), len(known), set(), "cat")
    shelf.pages = {"cat": [*known, urls("new.jpg")]}
    shelf.asked.clear()
    again = search_again([shelf], ["cat"], "cat", state)
    fresh, _ = search_round([shelf], again, 1, {url_key(one.url) for one in found}, "cat")
    assert [one.url for one in fresh] == urls("new.jpg")
    assert shelf.asked == [("cat", page) for page in range(1, len(known) + 2)]
