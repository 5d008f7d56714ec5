"""Rounds of searching for one label: which engine is asked which query and page next, and when a source is dry."""

import math
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet

from builder.engines.base import Engine
from builder.errors import SourceError
from builder.links import url_key
from builder.rows import Candidate, Row

SHARD_SIZE = 96
"""Candidates a shard: what is fetched and validated as one piece of work. Keys of images have two digits for it."""

MAX_FAILED_ROUNDS = 3
MAX_STALE_PAGES = 3
MAX_PAGES = 500
TEMPORARY = frozenset({"unreachable", "rate_limited"})

_FIRST_ACCEPTANCE = 0.5
_LEAST_ACCEPTANCE = 0.1
_MARGIN = 1.1


class Cursor(Row):
    """How far one engine has been asked one query."""

    engine: str
    query: str
    page: int = 1  # the next one to ask for
    stale: int = 0  # pages in a row without a new candidate
    known_pages: int = 0  # asked for in an earlier search: that they bring nothing new tells nothing
    dry: bool = False


class Failure(Row):
    """An engine's last error for this label."""

    engine: str
    kind: str  # one of SOURCE_FAILURES
    message: str
    rounds: int = 1  # in a row that ended so
    given_up: bool = False


class SearchState(Row):
    """All that is kept between rounds; JSON by `model_dump_json` and `model_validate_json`."""

    cursors: tuple[Cursor, ...] = ()
    failures: tuple[Failure, ...] = ()

    @property
    def dry(self) -> bool:
        """Whether another round can bring nothing: every cursor is dry, or its engine has been given up."""
        lost = {failure.engine for failure in self.failures if failure.given_up}
        return all(cursor.dry or cursor.engine in lost for cursor in self.cursors)


def candidates_to_ask_for(need: int, kept: int, tried: int, most_shards: int) -> int:
    """How many candidates the next round of a label wants: what is missing, over the share that was kept so far of
    those `tried`; in whole shards, at least one and at most `most_shards`."""
    acceptance = max(kept / tried, _LEAST_ACCEPTANCE) if tried else _FIRST_ACCEPTANCE
    wanted = math.ceil((need - kept) / acceptance * _MARGIN / SHARD_SIZE)
    return min(max(wanted, 1), most_shards) * SHARD_SIZE


def start_search(engines: Sequence[Engine], queries: Sequence[str], label: str) -> SearchState:
    """The state before the first round; an engine that takes no queries is asked once, in the label's name."""
    cursors = [
        Cursor(engine=engine.name, query=query) for query in queries for engine in engines if engine.takes_queries
    ]
    lists = [Cursor(engine=engine.name, query=label) for engine in engines if not engine.takes_queries]
    return SearchState(cursors=(*lists, *cursors))


def search_again(engines: Sequence[Engine], queries: Sequence[str], label: str, before: SearchState) -> SearchState:
    """The state before searching a label anew, from the first page on, after searches that came as far as `before`."""
    asked = {(cursor.engine, cursor.query): max(cursor.page - 1, cursor.known_pages) for cursor in before.cursors}
    fresh = start_search(engines, queries, label).cursors
    return SearchState(
        cursors=tuple(
            cursor.model_copy(update={"known_pages": asked.get((cursor.engine, cursor.query), 0)}) for cursor in fresh
        )
    )


def search_round(
    engines: Sequence[Engine], state: SearchState, want: int, seen: AbstractSet[str], label: str
) -> tuple[tuple[Candidate, ...], SearchState]:
    """Ask page after page, the lowest page of all cursors first, until `want` new candidates are there or all is dry.

    New means that `url_key(url)` is neither in `seen` nor earlier in this round. The last page is kept whole, so there
    can be more than `want`. An engine that raises `SourceError` is not asked again in this round; when the cause may
    pass (`TEMPORARY`) it is asked in later rounds, up to `MAX_FAILED_ROUNDS` in a row, otherwise never again. A cursor
    is dry when its source says so; that of a search engine also after `MAX_STALE_PAGES` pages without news, or after
    `MAX_PAGES`, for engines repeat themselves for ever, while a list ends.
    Deterministic: the same answers of the engines give the same result.
    """
    by_name = {engine.name: engine for engine in engines}
    cursors = list(state.cursors)
    failures = {failure.engine: failure for failure in state.failures}
    for name in {cursor.engine for cursor in cursors} - set(by_name):
        error = SourceError(name, "not_configured", f"{name} is not among the sources any more")
        failures[name] = _failed(None, name, error)
    out = {name for name, failure in failures.items() if failure.given_up}
    known = set(seen)
    found: list[Candidate] = []
    while len(found) < want:
        turn = _turn(cursors, out)
        if turn is None:
            break
        cursor = cursors[turn]
        try:
            page = by_name[cursor.engine].search(cursor.query, label, cursor.page)
        except SourceError as error:
            failures[cursor.engine] = _failed(failures.get(cursor.engine), cursor.engine, error)
            out.add(cursor.engine)
            continue
        failures.pop(cursor.engine, None)
        fresh = _fresh(page.candidates, known)
        known.update(fresh)
        found += fresh.values()
        cursors[turn] = _moved(cursor, more=page.more, fresh=bool(fresh), bounded=by_name[cursor.engine].takes_queries)
    kept = tuple(failures[name] for name in sorted(failures))
    return tuple(found), SearchState(cursors=tuple(cursors), failures=kept)


def _turn(cursors: Sequence[Cursor], out: AbstractSet[str]) -> int | None:
    """The place of the cursor to ask next: the lowest page, then the first in order."""
    live = [(cursor.page, place) for place, cursor in enumerate(cursors) if not cursor.dry and cursor.engine not in out]
    return min(live)[1] if live else None


def _fresh(candidates: Iterable[Candidate], known: AbstractSet[str]) -> dict[str, Candidate]:
    """The candidates whose URL is not known yet, by key, each URL once."""
    fresh: dict[str, Candidate] = {}
    for candidate in candidates:
        key = url_key(candidate.url)
        if key not in known:
            fresh.setdefault(key, candidate)
    return fresh


def _failed(before: Failure | None, engine: str, error: SourceError) -> Failure:
    rounds = before.rounds + 1 if before else 1
    given_up = error.kind not in TEMPORARY or rounds >= MAX_FAILED_ROUNDS
    return Failure(engine=engine, kind=error.kind, message=str(error), rounds=rounds, given_up=given_up)


def _moved(cursor: Cursor, *, more: bool, fresh: bool, bounded: bool) -> Cursor:
    stale = 0 if fresh or cursor.page <= cursor.known_pages else cursor.stale + 1
    dry = not more or (bounded and (stale >= MAX_STALE_PAGES or cursor.page >= MAX_PAGES))
    return cursor.model_copy(update={"page": cursor.page + 1, "stale": stale, "dry": dry})
