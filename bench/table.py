"""Results as Markdown, and their place in a page: between two markers, written by the benchmark alone."""

import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from bench import ratios
from bench.pages import put_between
from bench.results import ContestResult, Criterion, Results, Run, Step, VerdictCell

BEGIN, END = "<!-- written by make bench: begin -->", "<!-- written by make bench: end -->"
_MIB = 1 << 20


def write_into(page: Path, results: Results) -> None:
    """Put the tables between the page's markers. Raises BenchError when the page has none."""
    put_between(page, BEGIN, END, markdown(results))


def markdown(results: Results) -> str:
    """All tables."""
    parts = [_conditions(results), _aims(results.contests), _runs(results.contests)]
    if results.steps:
        parts.append(_steps(results.steps))
    if results.verdicts:
        parts.append(_verdicts(results.verdicts))
    return "\n".join(parts)


def _conditions(results: Results) -> str:
    machine, corpus, server = results.machine, results.corpus, results.server
    peers = ", ".join(f"{name} {version}" for name, version in machine.peers.items())
    return "\n".join([
        f"- Machine: {machine.processor}, {machine.processors} processors, {machine.memory_bytes / (1 << 30):.0f} GiB, "
        f"{machine.system}. The builder on Python {machine.python}; {peers}.",
        f"- Corpus: {corpus.pictures:,} pictures from {corpus.photographs} photographs ({corpus.source}), mean "
        f"{corpus.mean_bytes / 1000:.0f} KB, median {corpus.median_bytes / 1000:.0f} KB, largest "
        f"{corpus.largest_bytes / 1000:,.0f} KB; {corpus.near_duplicates} have another within 8 bits of pHash.",
        f"- Server: {server.software}; to two processes of libcurl on the same machine it served "
        f"{server.http_per_second:,.0f} requests/s over HTTP and {server.https_per_second:,.0f} over HTTPS.",
        "",
    ])  # fmt: skip


def _aims(contests: dict[str, ContestResult]) -> str:
    rows = [
        [f"{key}: {contest.title}", criterion.name, *_judged(criterion)]
        for key, contest in contests.items()
        for criterion in contest.criteria
    ]
    heads = ["contest", "ratio of", "aim", "median", "smallest to largest", "rounds", "verdict"]
    notes = [f"- {key}: {note}." for key, contest in contests.items() for note in contest.notes]
    return "\n".join([_table(heads, rows), *notes, ""])


def _judged(criterion: Criterion) -> list[str]:
    low, high = ratios.spread(criterion)
    return [
        f"{'at least' if criterion.at_least else 'at most'} {criterion.aim:g}",
        f"**{ratios.middle(criterion):.2f}**",
        f"{low:.2f} to {high:.2f}",
        str(len(criterion.ratios)),
        "met" if ratios.met(criterion) else "**not met**",
    ]


def _runs(contests: dict[str, ContestResult]) -> str:
    rows = []
    for key, contest in contests.items():
        for name in contest.rounds[0]:
            runs = [each[name] for each in contest.rounds]
            rows.append([key, name, *_medians(runs)])
    heads = ["contest", "who", "given", "written", "wall s", "given/s", "CPU s", "CPU ms each", "peak MiB"]
    return "Medians of the runs:\n\n" + _table(heads, rows)


def _medians(runs: Sequence[Run]) -> list[str]:
    wall = statistics.median(run.wall_seconds for run in runs)
    cpu = statistics.median(run.cpu_seconds for run in runs)
    peak = statistics.median(run.peak_bytes for run in runs)
    items, images = runs[-1].items, runs[-1].images
    return [
        f"{items:,}",
        "" if images is None else f"{images:,}",
        f"{wall:.1f}",
        f"{items / wall:,.0f}",
        f"{cpu:.1f}",
        f"{1000 * cpu / items:.2f}",
        f"{peak / _MIB:,.0f}",
    ]


def _steps(steps: Iterable[Step]) -> str:
    rows = [
        [
            step.name,
            f"{step.per_second:,.0f}",
            f"{1000 / step.per_second:.2f}",
            step.floor,
            f"{step.floor_per_second:,.0f}",
            f"{step.floor_per_second / step.per_second:.1f}",
        ]
        for step in steps
    ]
    heads = ["step", "images/s/core", "CPU ms", "floor", "images/s/core", "times as fast"]
    return "What each step costs in one process, beside the least that its work can cost:\n\n" + _table(heads, rows)


def _verdicts(cells: Sequence[VerdictCell]) -> str:
    both = only_cleanvision = only_builder = neither = 0
    by_kind: dict[str, list[VerdictCell]] = defaultdict(list)
    for cell in cells:
        by_kind[cell.kind].append(cell)
        both += cell.pictures * bool(cell.cleanvision and cell.builder)
        only_cleanvision += cell.pictures * bool(cell.cleanvision and not cell.builder)
        only_builder += cell.pictures * bool(cell.builder and not cell.cleanvision)
        neither += cell.pictures * (not cell.builder and not cell.cleanvision)
    rows = [
        [
            kind,
            str(sum(cell.pictures for cell in of_kind)),
            _said((cell.cleanvision, cell.pictures) for cell in of_kind),
            _said((cell.builder, cell.pictures) for cell in of_kind),
            str(sum(cell.pictures for cell in of_kind if bool(cell.cleanvision) == bool(cell.builder))),
        ]
        for kind, of_kind in by_kind.items()
    ]
    sentence = (
        f"Of {both + only_cleanvision + only_builder + neither:,} files both object to {both:,}, CleanVision alone to "
        f"{only_cleanvision:,}, the builder alone to {only_builder:,}, neither to {neither:,}.\n\n"
    )
    return sentence + _table(["what was done", "files", "CleanVision says", "the builder says", "agree"], rows)


def _said(verdicts: Iterable[tuple[str, int]]) -> str:
    counts: dict[str, int] = defaultdict(int)
    for verdict, pictures in verdicts:
        counts[verdict or "nothing"] += pictures
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return "; ".join(f"{verdict} {pictures}" for verdict, pictures in ordered)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
