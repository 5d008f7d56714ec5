"""Where a build's slices come from: a list of URLs, or rounds of searching for each label."""

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import batched
from threading import Event

from pydantic import ValidationError

from builder.engines import Engine, EngineSettings, engine
from builder.engines.base import Page, short
from builder.errors import UrlListError
from builder.keywords import expand
from builder.links import url_key
from builder.report import SourceState, source_states
from builder.rounds import SHARD_SIZE, SearchState, candidates_to_ask_for, search_round, start_search
from builder.rows import Candidate
from builder.spec import MAX_LABELS, DatasetSpec, LabelSpec
from builder.urls import UrlRow
from builder.work import Finished, Slice
from builder.workspace import Round, Workspace

_SEARCHES_AT_ONCE = 4
_MOST_SHARDS_PER_ROUND = 50
_TOO_MANY_LABELS = f"more than {MAX_LABELS:,} different labels: if the column holds captions, call it `caption`"


class ListSource:
    """Slices of a list of URLs: per label, in the order of the list, each URL once; see `checked_list` for what ends
    it early."""

    def __init__(self, rows: Iterable[UrlRow], label: str) -> None:
        self.found = 0
        self.ended = False
        self.slices: Counter[str] = Counter()  # by slug: how many there have been
        self._slices = self._cut(rows, label)

    def next(self) -> Slice | None:
        """The next slice; None at the end."""
        found = next(self._slices, None)
        self.ended = found is None
        return found

    def finished(self, done: Finished) -> None:
        """Nothing follows from a finished slice."""

    def states(self) -> tuple[SourceState, ...]:
        """Nothing is told of a list: it has no more once it was read."""
        return ()

    def _cut(self, rows: Iterable[UrlRow], label: str) -> Iterator[Slice]:
        waiting: defaultdict[str, list[Candidate]] = defaultdict(list)
        slugs: dict[str, str] = {}
        names: dict[str, str] = {}  # by slug: the first spelling stands for all
        seen: set[int] = set()
        for row in rows:
            key = hash(url_key(row.url))  # 64 bits: a million URLs collide with a chance of one in thirty million
            if key in seen:
                continue
            seen.add(key)
            self.found += 1
            told = row.label or label
            slug = slugs.get(told) or slugs.setdefault(told, _slug(told, row.line))
            if slug not in names and len(names) == MAX_LABELS:
                raise UrlListError(row.line, _TOO_MANY_LABELS)
            together = waiting[slug]
            together.append(_candidate(row, names.setdefault(slug, told)))
            if len(together) == SHARD_SIZE:
                yield self._slice(slug, together)
                together.clear()
        for slug, together in waiting.items():
            if together:
                yield self._slice(slug, together)

    def _slice(self, slug: str, candidates: Iterable[Candidate]) -> Slice:
        self.slices[slug] += 1
        return Slice(slug, self.slices[slug] - 1, tuple(candidates))


def checked_list(rows: Iterable[UrlRow], label: str) -> int:
    """How many rows a list has, read to its end; `label` is for those without one.

    Raises UrlListError for all that would end a build of it: lines that cannot be used, labels that cannot be names,
    more labels than a dataset may have.
    """
    slugs: dict[str, str] = {}
    different: set[str] = set()
    count = 0
    for row in rows:
        count += 1
        told = row.label or label
        if told not in slugs:
            different.add(slugs.setdefault(told, _slug(told, row.line)))
            if len(different) > MAX_LABELS:
                raise UrlListError(row.line, _TOO_MANY_LABELS)
    return count


def _slug(label: str, line: int) -> str:
    """The label's slug; UrlListError for text that no label can be."""
    try:
        return LabelSpec(name=label).slug
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")
        raise UrlListError(line, f"{label[:100]!r} is no label: {fault}") from None


def _candidate(row: UrlRow, label: str) -> Candidate:
    return Candidate(
        url=row.url,
        label=label,
        engine="urls",
        query=label,
        page_url=row.page_url,
        title=short(row.title),
        licence=short(row.licence),
    )


class _ClosedError(Exception):
    """The build has ended: what is found from now on is for nobody."""


class _UntilClosed:
    """An `Engine` that is asked nothing more once `closed` is set: the process would not end before the round."""

    def __init__(self, asked: Engine, closed: Event) -> None:
        self.name, self.takes_queries = asked.name, asked.takes_queries
        self._asked = asked
        self._closed = closed

    def search(self, query: str, label: str, page: int) -> Page:
        """See `Engine.search`."""
        if self._closed.is_set():
            raise _ClosedError
        return self._asked.search(query, label, page)


@dataclass
class _Label:
    """How far collecting one label has come."""

    spec: LabelSpec
    state: SearchState
    need: int  # distinct images, by the label alone
    rounds: int = 0
    shards: int = 0  # numbers given to slices so far
    open: int = 0  # slices of the round that are not finished
    seen: set[str] = field(default_factory=set)
    searching: "Future[Round] | None" = None
    stored: list[Round] = field(default_factory=list)  # rounds of an earlier run, to be gone through again
    ended: bool = False


class SearchSource:
    """Slices of what searching finds: round after round for each label until it has its images or nothing is left.

    Each round is written down before any of it is fetched, so that a build that goes on asks for the same.
    """

    def __init__(self, workspace: Workspace, spec: DatasetSpec, settings: EngineSettings) -> None:
        self.found = 0
        self._workspace = workspace
        self._spec = spec
        self._settings = settings
        self._closed = Event()
        self._threads = ThreadPoolExecutor(_SEARCHES_AT_ONCE, thread_name_prefix="search")
        self._slices: deque[Slice] = deque()
        self._labels = {label.slug: self._label(label) for label in spec.labels}
        for label in self._labels.values():
            self._next_round(label)

    @property
    def ended(self) -> bool:
        """Whether no slice will come any more."""
        return not self._slices and all(label.ended for label in self._labels.values())

    def next(self) -> Slice | None:
        """The next slice; None when there is none for now."""
        for label in self._labels.values():
            if label.searching is not None and label.searching.done():
                found = label.searching.result()
                label.searching = None
                self._workspace.write_round(label.spec.slug, label.rounds, found)
                self._take(label, found)
        return self._slices.popleft() if self._slices else None

    def finished(self, done: Finished) -> None:
        """Start the next round of a label when its last slice has come."""
        label = self._labels[done.slug]
        label.open -= 1
        if label.open == 0:
            self._next_round(label)

    def more(self, needs: Mapping[str, int]) -> None:
        """Have labels (by slug) collect again until they have that many images of their own, if their sources can."""
        for slug, need in needs.items():
            label = self._labels[slug]
            if label.state.dry:
                continue
            label.need, label.ended = need, False
            label.rounds -= 1  # the last one was not searched: the label had enough
            self._next_round(label)

    def states(self) -> tuple[SourceState, ...]:
        """How each source stands with each label."""
        return tuple(state for label in self._labels.values() for state in source_states(label.spec.name, label.state))

    def close(self) -> None:
        """Wait for no search any more, and have none go on to another page."""
        self._closed.set()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _label(self, spec: LabelSpec) -> _Label:
        state = start_search(self._engines(), expand(spec), spec.name)
        return _Label(spec, state, self._spec.target(spec), stored=list(self._workspace.rounds(spec.slug)))

    def _engines(self) -> list[Engine]:
        return [_UntilClosed(engine(name, self._settings), self._closed) for name in self._spec.sources]

    def _next_round(self, label: _Label) -> None:
        label.rounds += 1
        if label.stored:
            self._take(label, label.stored.pop(0))
            return
        from builder.finish import distinct

        kept = distinct(self._workspace, label.spec, self._spec) if label.seen else 0
        if label.state.dry or kept >= label.need:
            label.ended = True
            return
        want = candidates_to_ask_for(label.need, kept, len(label.seen), _MOST_SHARDS_PER_ROUND)
        label.searching = self._threads.submit(self._search, label.state, want, frozenset(label.seen), label.spec.name)

    def _search(self, state: SearchState, want: int, seen: frozenset[str], name: str) -> Round:
        candidates, after = search_round(self._engines(), state, want, seen, name)
        return Round(candidates=candidates, state=after)

    def _take(self, label: _Label, found: Round) -> None:
        label.state = found.state
        label.seen |= {url_key(candidate.url) for candidate in found.candidates}
        self.found += len(found.candidates)
        for candidates in batched(found.candidates, SHARD_SIZE, strict=False):
            self._slices.append(Slice(label.spec.slug, label.shards, candidates))
            label.shards += 1
            label.open += 1
        if not found.candidates:
            self._next_round(label)
