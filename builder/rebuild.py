"""Make a dataset again from its manifest: the same images, fetched from where they were found and compared by hash."""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from pydantic import ValidationError

from builder.copies import ANYTHING
from builder.describe import describe
from builder.errors import ManifestError, NotADatasetError
from builder.finish import exported, write_exports
from builder.journal import Journal
from builder.manifest import read_manifest
from builder.rows import Candidate, ImageRow
from builder.run import OnProgress, Progress, RunOptions, collect, silent
from builder.spec import MAX_IMAGES_PER_LABEL, DatasetSpec, ExportFormat, ImageSpec, LabelSpec
from builder.store import pieces
from builder.work import ROWS, Finished, Slice
from builder.workspace import Ending, Plan, Workspace

_KEY = re.compile(r"(?P<slug>[a-z0-9]+(?:-[a-z0-9]+)*)-(?P<number>[0-9]{5,9})-(?P<index>[0-9]{2})")


@dataclass(frozen=True, slots=True)
class Loss:
    """An image of the manifest that is not there, or not as it was; `detail` says why."""

    key: str
    url: str
    detail: str


@dataclass(slots=True)
class Rebuilt:
    """What came of it. `reformed`: of the same images, those whose stored bytes differ, because they were kept in
    another form."""

    wanted: int = 0
    kept: int = 0
    same: int = 0
    reformed: int = 0
    gone: list[Loss] = field(default_factory=list)
    changed: list[Loss] = field(default_factory=list)


def rebuild(
    manifest: Path,
    out: Path,
    options: RunOptions,
    *,
    image: ImageSpec | None = None,
    accept_changed: bool = False,
    exports: Sequence[ExportFormat] = (),
    on_progress: OnProgress = silent,
) -> Rebuilt:
    """Fetch the accepted images of `manifest` into the folder `out`, under their keys, and describe them.

    An image is the same when its bytes as served have the manifest's `source_sha256`; it keeps its label and split.
    Others are out, with `accept_changed` in as they are now. Images are kept in the form of `image`, or of the plan
    beside the manifest. Called again after it was stopped, it goes on. A manifest may be cut down to some of its lines.

    Raises ManifestError (no manifest, or one with rows that cannot be fetched again), and as `builder.run.build` does.
    """
    then = _spec_then(manifest)
    name = then.name if then else manifest.resolve().parent.name[:200].strip() or "rebuilt"
    spec = _spec(manifest, name, image or (_form_of(then.image) if then else ANYTHING))
    workspace = Workspace(out)
    with workspace.claimed():
        plan = workspace.begin(Plan(kind="rebuild", spec=spec, created=datetime.now(UTC).date()))
        source = _Source(manifest, workspace)
        collect(workspace, plan, source, options, lambda progress: on_progress(source.without_left_out(progress)))
        rebuilt = Rebuilt()
        workspace.write_ending(Ending(spec=spec, states=(), complete=False))
        rows = _compared(manifest, workspace, rebuilt, accept_changed=accept_changed)
        describe(workspace.folder, rows, spec, states=(), conflicts=(), created=plan.created)
        workspace.write_ending(Ending(spec=spec, states=()))
        layouts = list(dict.fromkeys((*exports, *exported(workspace))))
        if layouts and rebuilt.kept:
            write_exports(workspace, layouts)
    return rebuilt


def _spec_then(manifest: Path) -> DatasetSpec | None:
    """The request in the plan beside the manifest, if there is one."""
    try:
        return Workspace(manifest.parent).plan().spec
    except NotADatasetError:
        return None


def _form_of(then: ImageSpec) -> ImageSpec:
    """The same form; whatever was good then is good now."""
    form = {"format", "size", "resize", "only_if_bigger", "quality", "animation"}
    return ANYTHING.model_copy(update={name: getattr(then, name) for name in form})


def _rows(manifest: Path) -> Iterator[ImageRow]:
    with manifest.open("rb") as file:
        yield from read_manifest(pieces(file))


def _shards(manifest: Path) -> Iterator[tuple[tuple[str, int], list[tuple[int, ImageRow]]]]:
    """Slug and number of each shard, and its rows with their indices, in the manifest's order."""

    def placed() -> Iterator[tuple[tuple[str, int], int, ImageRow]]:
        for row in _rows(manifest):
            found = _KEY.fullmatch(row.key)
            if found is None:
                msg = f"{manifest}: {row.key!r} is no key of an image: was the manifest made by another program?"
                raise ManifestError(msg)
            yield (found["slug"], int(found["number"])), int(found["index"]), row

    for shard, together in groupby(placed(), key=lambda place: place[0]):
        yield shard, [(index, row) for _, index, row in together]


def _spec(manifest: Path, name: str, image: ImageSpec) -> DatasetSpec:
    """The request that the manifest answers: its labels, each with as many images as were accepted.

    Raises ManifestError when there is nothing to fetch, a key comes twice, the rows of a shard are apart, a hash is
    missing, or labels are none.
    """
    accepted: Counter[str] = Counter()
    seen: set[tuple[str, int]] = set()
    for shard, rows in _shards(manifest):
        if shard in seen or len({index for index, _ in rows}) != len(rows):
            msg = f"{manifest}: the rows of {shard[0]}-{shard[1]:05} come twice or apart: sort the lines by key"
            raise ManifestError(msg)
        seen.add(shard)
        for _, row in rows:
            accepted[row.label] += row.verdict == "accepted"
            if row.verdict == "accepted" and row.source_sha256 is None:
                msg = f"{manifest}: {row.key} has no source_sha256 to compare with"
                raise ManifestError(msg)
    if not accepted.total():
        msg = f"{manifest} has no accepted image: there is nothing to fetch"
        raise ManifestError(msg)
    try:
        labels = tuple(
            LabelSpec(name=label, images=min(max(1, count), MAX_IMAGES_PER_LABEL))
            for label, count in sorted(accepted.items())
        )
        return DatasetSpec(name=name, labels=labels, sources=("urls",), url_list="0" * 32, image=image, exports=())
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        msg = f"{manifest}: {fault['msg'].removeprefix('Value error, ')} ({str(fault['input'])[:100]!r})"
        raise ManifestError(msg) from None


class _Source:
    """Slices of the accepted images, each in the shard and at the index that it had; see `builder.sources`."""

    def __init__(self, manifest: Path, workspace: Workspace) -> None:
        self.found = 0
        self.ended = False
        self._left_out = 0
        self._slices = self._cut(manifest, workspace)

    def next(self) -> Slice | None:
        """The next slice; None at the end."""
        found = next(self._slices, None)
        self.ended = found is None
        return found

    def finished(self, done: Finished) -> None:
        """Nothing follows from a finished slice."""

    def without_left_out(self, progress: Progress) -> Progress:
        """The same for people: places of shards that nothing is fetched for count as failed to the engine."""
        done, failed = (max(0, count - self._left_out) for count in (progress.done, progress.failed))
        return replace(progress, done=done, failed=failed)

    def _cut(self, manifest: Path, workspace: Workspace) -> Iterator[Slice]:
        for (slug, number), rows in _shards(manifest):
            wanted = {index: row for index, row in rows if row.verdict == "accepted"}
            if not wanted:
                continue
            self.found += len(wanted)
            filler = Candidate(url="", label=next(iter(wanted.values())).label, engine="", query="")
            candidates = [filler] * (max(wanted) + 1)
            for index, row in wanted.items():
                candidates[index] = _candidate(row)
            self._left_out += len(candidates) - len(wanted)
            _leave_out(workspace, slug, number, candidates, wanted.keys())
            yield Slice(slug, number, tuple(candidates))


def _candidate(row: ImageRow) -> Candidate:
    return Candidate(
        url=row.url,
        label=row.label,
        engine=row.engine,
        query=row.query,
        page_url=row.page_url,
        title=row.title,
        licence=row.licence,
    )


def _leave_out(
    workspace: Workspace, slug: str, number: int, candidates: Sequence[Candidate], wanted: Collection[int]
) -> None:
    """Write rows for the places of a shard that are not fetched again: workers pass over what has its row."""
    journal = Journal(workspace.root, slug, number)
    for index, candidate in enumerate(candidates):
        if index not in wanted and index not in journal.done:
            row = ImageRow(
                key=journal.key(index), **candidate.model_dump(exclude={"width", "height"}), verdict="failed"
            )
            journal.add(index, row, None)
    journal.close(complete=False)


def _compared(manifest: Path, workspace: Workspace, rebuilt: Rebuilt, *, accept_changed: bool) -> Iterator[ImageRow]:
    """The manifest's rows as they are now; what is found is counted in `rebuilt`."""
    for (slug, number), rows in _shards(manifest):
        path = workspace.root / ROWS / f"{slug}-{number:05}.jsonl"
        lines = path.read_bytes().splitlines() if path.exists() else []
        now = {row.key: row for row in map(ImageRow.model_validate_json, lines)}
        for _, then in rows:
            if then.verdict == "accepted":
                yield _decided(then, now[then.key], rebuilt, accept_changed=accept_changed)
            else:
                yield then.model_copy(update={"shard": None, "offset": None})


def _decided(then: ImageRow, now: ImageRow, rebuilt: Rebuilt, *, accept_changed: bool) -> ImageRow:
    rebuilt.wanted += 1
    if now.verdict == "failed":
        rebuilt.gone.append(Loss(then.key, then.url, f"{now.reason}: {now.detail}"))
        return now
    changed = now.source_sha256 != then.source_sha256
    if now.verdict == "rejected":
        (rebuilt.changed if changed else rebuilt.gone).append(Loss(then.key, then.url, f"{now.reason}: {now.detail}"))
        return now
    kept = now.model_copy(update={"split": then.split})
    if changed:
        detail = f"SHA-256 as served is {now.source_sha256}, then {then.source_sha256}"
        rebuilt.changed.append(Loss(then.key, then.url, detail))
        if not accept_changed:
            return now.model_copy(update={"verdict": "rejected", "reason": "changed", "detail": detail})
    else:
        rebuilt.same += 1
        rebuilt.reformed += now.sha256 != then.sha256
    rebuilt.kept += 1
    return kept
