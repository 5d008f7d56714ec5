"""What tells of a dataset once its images are decided: index, report, card with thumbnails, attribution, Croissant."""

from collections.abc import Iterable, Iterator
from datetime import date
from tempfile import SpooledTemporaryFile
from typing import IO

from builder.attribution import AttributionTable
from builder.card import THUMBNAILS, card
from builder.croissant import index_croissant
from builder.exports.base import About, Measured
from builder.grid import Choice, thumbnail_grid
from builder.index import write_index
from builder.manifest import MANIFEST
from builder.report import REPORT, Report, SourceState, make_report
from builder.rows import ImageRow, LabelConflict
from builder.spec import DatasetSpec
from builder.store import Folder, pieces
from builder.tally import Counts

_ASIDE_BYTES = 1 << 20
"""Of one file; what is longer waits on disk."""

_PIECE_CHARACTERS = 1 << 16


def describe(
    folder: Folder,
    rows: Iterable[ImageRow],
    spec: DatasetSpec,
    *,
    states: tuple[SourceState, ...],
    conflicts: tuple[LabelConflict, ...],
    created: date | None,
) -> Report:
    """Write every file that describes the dataset, its manifest too; `rows` come in order of key, with their verdicts
    and splits.

    They are gone through once and not held: while the index takes them, the other files are written aside, on disk
    where they are long.
    """
    with SpooledTemporaryFile(_ASIDE_BYTES) as manifest, SpooledTemporaryFile(_ASIDE_BYTES) as attribution:
        aside = _Aside(manifest, attribution)
        index = Measured(write_index(aside.lines(rows)))
        folder.write("index.parquet", index)
        folder.write(MANIFEST, _again(manifest))
        folder.write("attribution.csv", _again(attribution))
    report = make_report(spec, aside.counts, states, conflicts)
    folder.write(REPORT, report.model_dump_json(indent=2).encode())
    drawn = thumbnail_grid(folder, aside.choice, spec) if report.totals.accepted else None
    if drawn is not None:
        folder.write(THUMBNAILS, drawn)
    about = About(spec=spec, report=report, created=created, thumbnails=drawn)
    folder.write("README.md", card(about, "index").encode())
    folder.write("croissant.json", index_croissant(about, index.sha256, index.bytes))
    return report


class _Aside:
    """All that rows are needed for besides the index, done as they go by."""

    def __init__(self, manifest: IO[bytes], attribution: IO[bytes]) -> None:
        self._manifest = manifest
        self._attribution = attribution
        self.counts = Counts()
        self.choice = Choice()

    def lines(self, rows: Iterable[ImageRow]) -> Iterator[bytes]:
        """The accepted rows as JSON."""
        table = AttributionTable()
        for row in rows:
            line = row.model_dump_json().encode()
            self._manifest.write(line + b"\n")
            self.counts.add(row)
            if row.verdict != "accepted":
                continue
            self.choice.add(row)
            table.add(row)
            if table.waiting >= _PIECE_CHARACTERS:
                self._attribution.write(table.take())
            yield line
        self._attribution.write(table.take())


def _again(file: IO[bytes]) -> Iterator[bytes]:
    file.seek(0)
    return pieces(file)


def read_about(folder: Folder, spec: DatasetSpec, created: date | None) -> About:
    """The dataset as `describe` left it; FileNotFoundError before that."""
    drawn = folder.read(THUMBNAILS) if folder.exists(THUMBNAILS) else None
    report = Report.model_validate_json(folder.read(REPORT))
    return About(spec=spec, report=report, created=created, thumbnails=drawn)
