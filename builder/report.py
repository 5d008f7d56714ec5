"""What came of a build: per label and source, what was found, what was kept, what was not and why."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from pydantic import Field

from builder.rounds import SearchState
from builder.rows import ImageRow, LabelConflict, Row
from builder.spec import DatasetSpec
from builder.tally import Counts, Tally

REPORT = "report.json"
"""What it is called in a dataset."""


class SourceState(Row):
    """How a source ended for a label: `failure` is one of `builder.errors.SOURCE_FAILURES`, `message` says it in a
    sentence."""

    label: str
    source: str
    dry: bool = False  # nothing more to give
    failure: str | None = None
    message: str | None = None


class SourceFigures(Row):
    """What a source gave."""

    source: str
    found: int
    accepted: int
    failure: str | None = None
    message: str | None = None


class Figures(Row):
    """Counts of candidates by what became of them. `found` is their sum."""

    found: int = 0
    fetched: int = 0  # whose bytes came: all but the failed
    accepted: int = 0
    duplicates: int = 0
    surplus: int = 0
    rejected: int = 0
    failed: int = 0
    reasons: dict[str, int] = Field(default_factory=dict)  # of everything that was not accepted
    bytes: int = 0  # of the accepted images, as stored


class LabelReport(Figures):
    """One label: what was asked, what came, and why the rest did not."""

    label: str
    target: int
    shortfall: int = 0  # images that are missing
    shortfall_reasons: tuple[str, ...] = ()  # plain sentences
    splits: dict[str, int] = Field(default_factory=dict)
    sources: tuple[SourceFigures, ...] = ()


class Report(Row):
    """The whole dataset."""

    name: str
    labels: tuple[LabelReport, ...]
    totals: Figures
    target: int
    shortfall: int
    splits: dict[str, int]
    sources: tuple[SourceFigures, ...]
    formats: dict[str, int]  # accepted images by format
    licences: dict[str, int]  # accepted images by licence; "" when none was told
    label_conflicts: tuple[LabelConflict, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every label has its images."""
        return self.shortfall == 0


_FAILURES = {
    "unreachable": "could not be reached",
    "rate_limited": "limited our requests",
    "refused": "refused to answer",
    "changed": "answered in a form that is not understood",
    "not_configured": "is not configured",
    "unmatched": "has images in folders that are no label",
}

_REASONS = {
    "exact_duplicate": "exact copies",
    "near_duplicate": "near-duplicates",
    "over_target": "above the target",
    "timeout": "timed out",
    "too_large": "too large to fetch",
    "too_many_redirects": "redirected too often",
    "address_refused": "at addresses that are not fetched from",
    "bad_url": "unusable URLs",
    "dns": "at hosts without an address",
    "connection": "with failed connections",
    "incomplete": "cut off on the way",
    "http_4xx": "refused or gone (HTTP 4xx)",
    "http_5xx": "with a server error (HTTP 5xx)",
    "empty": "empty",
    "not_an_image": "not images",
    "unsupported_format": "of an unsupported type",
    "too_few_bytes": "with too few bytes",
    "too_many_bytes": "with too many bytes",
    "too_small": "too small",
    "too_many_pixels": "with too many pixels",
    "damaged": "damaged",
    "extreme_aspect_ratio": "too long and thin",
    "robots": "kept back by robots.txt",
    "opted_out": "opted out of such use",
    "taken_down": "on the take-down list",
    "animated": "animated",
    "blurry": "blurry",
    "too_dark": "too dark",
    "too_bright": "too bright",
    "low_information": "with hardly any structure",
    "uniform": "of one colour, or placeholders",
    "odd_size": "of an odd size",
    "changed": "changed since the manifest was written",
    "curated": "taken out by hand",
}


def in_words(reason: str) -> str:
    """A reason as it reads after a count: `3 too small`."""
    return _REASONS.get(reason, reason)


def _figures(tally: Tally) -> Figures:
    found = tally.verdicts.total()
    return Figures(
        found=found,
        fetched=found - tally.verdicts["failed"],
        accepted=tally.verdicts["accepted"],
        duplicates=tally.verdicts["duplicate"],
        surplus=tally.verdicts["surplus"],
        rejected=tally.verdicts["rejected"],
        failed=tally.verdicts["failed"],
        reasons=dict(tally.reasons.most_common()),
        bytes=tally.bytes,
    )


def _sources(tally: Tally, states: Sequence[SourceState]) -> tuple[SourceFigures, ...]:
    """Figures by source, in order of name; `states` tells failures, also of sources that gave nothing."""
    failed = {state.source: state for state in states if state.failure}
    names = sorted(tally.found.keys() | {state.source for state in states})
    return tuple(
        SourceFigures(
            source=name,
            found=tally.found[name],
            accepted=tally.accepted[name],
            failure=failed[name].failure if name in failed else None,
            message=failed[name].message if name in failed else None,
        )
        for name in names
    )


def source_states(label: str, state: SearchState) -> tuple[SourceState, ...]:
    """How each source stands after the last round of searching for `label`, in order of name."""
    failures = {failure.engine: failure for failure in state.failures}
    names = sorted({cursor.engine for cursor in state.cursors} | failures.keys())
    return tuple(
        SourceState(
            label=label,
            source=name,
            dry=all(cursor.dry for cursor in state.cursors if cursor.engine == name),
            failure=failures[name].kind if name in failures else None,
            message=failures[name].message if name in failures else None,
        )
        for name in names
    )


def make_report(
    spec: DatasetSpec,
    rows: Iterable[ImageRow] | Counts,
    states: Sequence[SourceState] = (),
    conflicts: Sequence[LabelConflict] = (),
) -> Report:
    """The report of a finished build, from its rows or from what was counted as they went by. `rows` carry a label's
    name or its slug, and so do `states`.

    Raises KeyError for a row whose label is not in `spec`.
    """
    by_label: dict[str, Tally] = {label.slug: Tally() for label in spec.labels}
    slugs = {name: label.slug for label in spec.labels for name in (label.name, label.slug)}
    whole = Tally()
    for kind, count, size in rows if isinstance(rows, Counts) else Counts.of(rows):
        by_label[slugs[kind[0]]].add(kind, count, size)
        whole.add(kind, count, size)
    of_label: dict[str, list[SourceState]] = defaultdict(list)
    for state in states:
        of_label[slugs[state.label]].append(state)
    labels = tuple(
        _label_report(label.name, spec.target(label), by_label[label.slug], of_label[label.slug])
        for label in spec.labels
    )
    return Report(
        name=spec.name,
        labels=labels,
        totals=_figures(whole),
        target=sum(label.target for label in labels),
        shortfall=sum(label.shortfall for label in labels),
        splits=_by_name(whole.splits),
        sources=_sources(whole, states),
        formats=_by_name(whole.formats),
        licences=_by_name(whole.licences),
        label_conflicts=tuple(conflicts),
    )


def _label_report(name: str, target: int, tally: Tally, states: Sequence[SourceState]) -> LabelReport:
    figures = _figures(tally)
    shortfall = max(0, target - figures.accepted)
    sources = _sources(tally, states)
    reasons = _shortfall_reasons(target, figures, sources, states) if shortfall else ()
    return LabelReport(
        **figures.model_dump(),
        label=name,
        target=target,
        shortfall=shortfall,
        shortfall_reasons=reasons,
        splits=_by_name(tally.splits),
        sources=sources,
    )


def _shortfall_reasons(
    target: int, figures: Figures, sources: Sequence[SourceFigures], states: Sequence[SourceState]
) -> tuple[str, ...]:
    """Why a label has fewer images than asked for: how each source ended, then what became of the candidates."""
    ended = {state.source: state for state in states}
    sentences = [_source_sentence(source, ended.get(source.source)) for source in sources]
    if not any(source.found for source in sources):
        sentences.append("No source gave a single candidate.")
    if figures.found:
        lost = ", ".join(f"{count} {in_words(reason)}" for reason, count in figures.reasons.items())
        sentences.append(
            f"Of {figures.found} candidates {figures.accepted} were kept, {target} were asked for"
            + (f"; not kept: {lost}." if lost else ".")
        )
    return tuple(sentences)


def _source_sentence(source: SourceFigures, state: SourceState | None) -> str:
    """What one source gave, and whether it failed, has no more, or was not asked to its end."""
    gave = (
        f"gave {source.found} {'candidate' if source.found == 1 else 'candidates'}" if source.found else "gave nothing"
    )
    if source.failure is not None:
        trouble = _FAILURES.get(source.failure, f"failed ({source.failure})")
        return f"{source.source} {trouble}" + (f", after it {gave}." if source.found else ".")
    if state is None:
        return f"{source.source} {gave}."
    return (
        f"{source.source} {gave} and has no more." if state.dry else f"{source.source} {gave} before the search ended."
    )


def _by_name(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items()))
