"""Build a dataset into a folder of this machine: search, fetch and validate in processes, then decide and describe."""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from builder.engines import EngineSettings
from builder.errors import DifferentBuildError
from builder.guard import AddressGuard, parse_exceptions
from builder.limits import FetchLimits
from builder.manners import Manners
from builder.pool import Pool
from builder.report import Report, SourceState
from builder.rows import Verdict
from builder.sources import ListSource, SearchSource
from builder.spec import DatasetSpec, DedupeSpec, ExportFormat, ImageSpec, LabelSpec, SplitSpec
from builder.urls import UrlRow
from builder.work import Delta, Finished, Slice, Stage, WorkerOptions
from builder.workspace import Plan, Workspace

if TYPE_CHECKING:
    from builder.exports.base import ExportedFile

_WAITING_SLICES = 4
_MOST_COLLECTIONS = 5
"""How often labels that lost pictures to other labels collect again."""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How a build goes about it; none of it changes what the dataset is."""

    processes: int | None = None  # None: one per CPU that this process may use
    limits: FetchLimits = field(default_factory=FetchLimits)  # of the whole build: processes share them out
    exceptions: str = ""  # to the address guard, see `builder.guard.parse_exceptions`
    manners: Manners = field(default_factory=Manners)
    ca_file: Path | None = None  # PEM, trusted besides the usual authorities
    engine_settings: EngineSettings = field(default_factory=EngineSettings)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a build has come. Counts are of candidates; those of an earlier run in the same folder are included."""

    stage: Stage
    total: int | None = None  # candidates known so far; more may be found
    done: int = 0
    accepted: int = 0  # before deduplication
    rejected: int = 0
    failed: int = 0
    fetched_bytes: int = 0  # in this run
    target: int | None = None  # images asked for; None for a list


class Source(Protocol):
    """Where slices come from; see `builder.sources`."""

    @property
    def found(self) -> int:
        """Candidates known so far."""

    @property
    def ended(self) -> bool:
        """Whether no slice will come any more."""

    def next(self) -> Slice | None:
        """The next slice; None when there is none for now."""

    def finished(self, done: Finished) -> None:
        """Called when all candidates of a slice have their rows."""


OnProgress = Callable[[Progress], None]


def silent(_: Progress) -> None:
    """Tell nobody."""


def build(spec: DatasetSpec, out: Path, options: RunOptions, *, on_progress: OnProgress = silent) -> Report:
    """Build the dataset into the folder `out`, or go on where an earlier call with the same request was stopped.

    Raises BuildInUseError, DifferentBuildError (the folder is another build's) and WorkerLostError (processes die, the
    disk is full): what was done until then stays.
    """
    workspace = Workspace(out)
    with workspace.claimed():
        plan = workspace.begin(Plan(kind="search", spec=spec, created=datetime.now(UTC).date()))
        target = sum(spec.target(label) for label in spec.labels)
        inline = {label.name: label.urls for label in spec.labels if label.urls}
        source = SearchSource(workspace, spec, replace(options.engine_settings, urls=inline))
        try:
            tally = _Tally(source, target, on_progress)
            with Pool(_workers(workspace, plan.spec, options)) as pool:
                from builder.finish import shortages

                for _ in range(_MOST_COLLECTIONS):
                    _collect(source, pool, tally)
                    source.more(shortages(workspace, spec))
                    if source.ended:
                        break
        finally:
            source.close()
        return _finish(workspace, plan, source.states(), tally)


def from_urls(
    name: str,
    rows: Callable[[], Iterable[UrlRow]],
    out: Path,
    options: RunOptions,
    *,
    image: ImageSpec | None = None,
    dedupe: DedupeSpec | None = None,
    splits: SplitSpec | None = None,
    exports: tuple[ExportFormat, ...] = (),
    label: str = "images",
    on_progress: OnProgress = silent,
) -> Report:
    """Build a dataset of everything that a list of URLs leads to; see `build` for the rest.

    `rows()` reads the list from its start; labels come from its rows, `label` is for rows without one.
    """
    spec = DatasetSpec(
        name=name,
        labels=(LabelSpec(name=label),),
        sources=("urls",),
        url_list="0" * 32,
        image=image or ImageSpec(),
        dedupe=dedupe or DedupeSpec(),
        splits=splits or SplitSpec(),
        exports=exports,
    )
    workspace = Workspace(out)
    with workspace.claimed():
        plan = workspace.begin(Plan(kind="list", spec=spec, created=datetime.now(UTC).date()))
        source = ListSource(rows(), label)
        tally = _Tally(source, None, on_progress)
        with Pool(_workers(workspace, plan.spec, options)) as pool:
            _collect(source, pool, tally)
        if any(number >= source.slices[slug] for slug, number in workspace.slices()):
            msg = (
                f"{out} holds more than the list: it has become shorter. Choose another folder, or go on with the list "
                "of then (new lines belong at its end)"
            )
            raise DifferentBuildError(msg)
        return _finish(workspace, plan, source.states(), tally)


def finish(
    out: Path, *, dedupe: DedupeSpec | None = None, splits: SplitSpec | None = None, on_progress: OnProgress = silent
) -> Report:
    """Decide about the images of a finished build once more, by other rules if given, and describe it anew.

    Raises NotADatasetError when the folder holds no finished build. Exports that are there are written anew too.
    """
    workspace = Workspace(out)
    workspace.ending(complete=False)  # before anything is written there
    with workspace.claimed():
        plan, ending = workspace.plan(), workspace.ending(complete=False)
        if plan.kind == "rebuild":
            msg = f"{out} is what a manifest says, without the copies that were left out then: decide in the original"
            raise DifferentBuildError(msg)
        spec = plan.spec.model_copy(update={"dedupe": dedupe or plan.spec.dedupe, "splits": splits or plan.spec.splits})
        if spec.dedupe.turned and not plan.spec.dedupe.turned:
            msg = "mirrored and rotated copies can be told only where the build was begun with that option"
            raise DifferentBuildError(msg)
        # The plan goes on saying which hashes were made, whatever this rule makes of them.
        made = spec.dedupe.model_copy(update={"turned": plan.spec.dedupe.turned})
        workspace.begin(plan.model_copy(update={"spec": spec.model_copy(update={"dedupe": made})}))
        plan = plan.model_copy(update={"spec": spec})
        return _finish(workspace, plan, ending.states, _Tally(None, None, on_progress))


def export(
    out: Path, formats: Sequence[ExportFormat], *, on_progress: OnProgress = silent
) -> "dict[ExportFormat, tuple[ExportedFile, ...]]":
    """Write exports of a finished build; the files of each are below `exports/{format}/`.

    Raises NotADatasetError when the folder holds no finished build.
    """
    from builder.finish import write_exports

    workspace = Workspace(out)
    workspace.ending()  # before anything is written there
    with workspace.claimed():
        on_progress(Progress("exporting"))
        return write_exports(workspace, formats)


def _finish(workspace: Workspace, plan: Plan, states: tuple[SourceState, ...], tally: "_Tally") -> Report:
    from builder.finish import decide, exported, write_exports

    report = decide(workspace, plan, states, tally.tell)
    # What was exported before would still show the images and splits of then.
    exports = (*(plan.spec.exports if report.totals.accepted else ()), *exported(workspace))
    if exports:
        tally.tell("exporting")
        write_exports(workspace, tuple(dict.fromkeys(exports)))
    tally.tell("done")
    return report


@dataclass
class _Tally:
    """Counts while messages come, told to whoever wants to see them."""

    source: Source | None
    target: int | None
    on_progress: OnProgress
    finished: Counter[Verdict] = field(default_factory=Counter)  # of slices that are complete
    under_way: dict[tuple[str, int], dict[Verdict, int]] = field(default_factory=dict)
    fetched_bytes: int = 0

    def add(self, delta: Delta) -> None:
        self.under_way[delta.slug, delta.number] = delta.verdicts  # told again by who replaces a worker that died
        self.fetched_bytes += delta.fetched_bytes

    def finish(self, done: Finished) -> None:
        self.finished.update(self.under_way.pop((done.slug, done.number), {}))

    def tell(self, stage: Stage) -> None:
        counts = self.finished.copy()
        for verdicts in self.under_way.values():
            counts.update(verdicts)
        self.on_progress(
            Progress(
                stage,
                total=self.source.found if self.source else None,
                done=counts.total(),
                accepted=counts["accepted"],
                rejected=counts["rejected"],
                failed=counts["failed"],
                fetched_bytes=self.fetched_bytes,
                target=self.target,
            )
        )


def collect(workspace: Workspace, plan: Plan, source: Source, options: RunOptions, on_progress: OnProgress) -> None:
    """Fetch and validate all that a source has, into the journals of a workspace that is claimed and begun."""
    with Pool(_workers(workspace, plan.spec, options)) as pool:
        _collect(source, pool, _Tally(source, None, on_progress))


def _collect(source: Source, pool: Pool, tally: _Tally) -> None:
    """Work through all slices that the source has and will have."""
    warm = False
    while True:
        while pool.backlog < _WAITING_SLICES and (work := source.next()) is not None:
            pool.submit(work)
        if source.ended and pool.idle:
            return
        if not warm:
            import_module("builder.finish")  # while the first candidates are on their way: there is time now
            warm = True
        for message in pool.wait(0.1):
            match message:
                case Delta():
                    tally.add(message)
                case Finished():
                    tally.finish(message)
                    source.finished(message)
        tally.tell("searching" if pool.idle else "fetching")


def _workers(workspace: Workspace, spec: DatasetSpec, options: RunOptions) -> list[WorkerOptions]:
    """What each worker is told. The limits of the whole build are shared out, so that no host sees more than they say;
    there are no more processes than requests at a time to one host, and just one where it has pauses between them."""
    processes = options.processes or os.process_cpu_count() or 1
    limits = options.limits
    processes = 1 if limits.host_spacing_seconds > 0 else min(processes, limits.concurrency, limits.per_host)
    if options.ca_file is not None:
        from builder.authorities import trusting

        trusting(options.ca_file)  # said here once, not by every worker as it dies
    shared = replace(
        limits,
        concurrency=limits.concurrency // processes,
        per_host=limits.per_host // processes,
        max_bytes=spec.image.max_bytes,
    )
    one = WorkerOptions(
        root=workspace.root,
        image=spec.image,
        turned=spec.dedupe.turned,
        limits=shared,
        guard=AddressGuard(parse_exceptions(options.exceptions)),
        manners=replace(options.manners, processes=processes),
        ca_file=options.ca_file,
    )
    return [one] * processes
