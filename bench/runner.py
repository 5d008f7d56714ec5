"""Runs a contest: round by round, in alternating order, every run measured and what it wrote counted."""

import os
import shutil
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from bench.contests import WARM_UP, Contest, Contestant, Field
from bench.errors import BenchError
from bench.jobs import SIZE
from bench.measure import measure
from bench.results import ContestResult, Round, Run
from bench.written import Written, count_images
from builder.rows import ImageRow
from builder.spec import slugify

_NOTED_BELOW = 0.98
_MIB = 1 << 20


def hold(contest: Contest, field: Field, rounds: int, console: Console) -> ContestResult:
    """All rounds of a contest. What the last round wrote stays in the field's folder.

    Before the first, everybody runs once on a few URLs, uncounted: so that nobody's first run compiles modules for
    the others, and a command that does not work is known at once. Raises BenchError when a command fails, or wrote
    nothing or something else than was asked for.
    """
    began = datetime.now(UTC).isoformat(timespec="seconds")
    console.print(f"[bold]{contest.key}[/bold]: {contest.title}")
    for contestant in contest.contestants:
        if contestant.urls is not None:
            _run(contestant, field, WARM_UP)
    held: list[Round] = []
    for number in range(rounds):
        order = contest.contestants if number % 2 == 0 else contest.contestants[::-1]
        ran = {contestant.name: _run(contestant, field, contestant.urls) for contestant in order}
        held.append({contestant.name: ran[contestant.name] for contestant in contest.contestants})
        console.print(f"  round {number + 1}: " + "; ".join(f"{name} {_shown(run)}" for name, run in held[-1].items()))
    criteria = tuple(aim.judge(held) for aim in contest.aims)
    notes = tuple(_notes(contest.contestants, field, held[-1]))
    return ContestResult(title=contest.title, began=began, rounds=tuple(held), criteria=criteria, notes=notes)


def output_of(contestant: Contestant, field: Field) -> Path:
    """Where it writes."""
    return field.work / "out" / slugify(contestant.name)


def log_of(contestant: Contestant, field: Field) -> Path:
    """Where what it prints goes."""
    return field.work / "logs" / f"{slugify(contestant.name)}.log"


def _run(contestant: Contestant, field: Field, urls: int | None) -> Run:
    out = output_of(contestant, field)
    shutil.rmtree(out, ignore_errors=True)
    out.parent.mkdir(parents=True, exist_ok=True)
    job = contestant.job(field, urls or 0, out)
    os.sync()  # nobody waits for the disk on behalf of who was before
    taken = measure(job.command, log_of(contestant, field), env=job.env)
    written = _checked(contestant, out / job.shards, job.size) if job.shards is not None else None
    return Run(
        wall_seconds=taken.wall_seconds,
        cpu_seconds=taken.cpu_seconds,
        peak_bytes=taken.peak_bytes,
        items=_items(contestant, field) if urls is None else urls,
        images=written.images if written else None,
    )


def _items(contestant: Contestant, field: Field) -> int:
    return contestant.items if contestant.items is not None else sum(1 for _ in field.damaged.iterdir())


def _checked(contestant: Contestant, shards: Path, size: int | None) -> Written:
    written = count_images(shards)
    if written.images == 0:
        msg = f"{contestant.name} ended well but wrote no image below {shards}"
        raise BenchError(msg)
    if (written.longest_side > SIZE) is (size is not None):
        msg = f"{contestant.name} wrote images of up to {written.longest_side} pixels a side into {shards}"
        raise BenchError(msg)
    return written


def _notes(contestants: Iterable[Contestant], field: Field, last: Round) -> Iterable[str]:
    """Where fewer images were written than there are good ones, and why, as far as the builder's manifest says."""
    for contestant in contestants:
        run, urls = last[contestant.name], contestant.urls
        if run.images is None or urls is None or run.images >= urls * _NOTED_BELOW:
            continue
        manifest = output_of(contestant, field) / "manifest.jsonl"
        yield f"{contestant.name} wrote {run.images:,} images of {urls:,}{_reasons(manifest)}"


def _reasons(manifest: Path) -> str:
    if not manifest.exists():
        return ""
    with manifest.open(encoding="utf-8") as lines:
        rows = (ImageRow.model_validate_json(line) for line in lines)
        reasons = Counter(str(row.reason) for row in rows if row.verdict != "accepted")
    return ": " + ", ".join(f"{reason} {number:,}" for reason, number in reasons.most_common())


def _shown(run: Run) -> str:
    return (
        f"{run.items / run.wall_seconds:,.0f}/s ({run.wall_seconds:.1f} s, CPU {run.cpu_seconds:.1f} s, "
        f"{run.peak_bytes / _MIB:,.0f} MiB)"
    )
