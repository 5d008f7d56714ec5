"""What tells of a dataset once its images are decided: index, report, card with thumbnails, attribution, Croissant."""

from datetime import date

from builder.attribution import attribution_csv
from builder.card import THUMBNAILS, card
from builder.croissant import index_croissant
from builder.exports.base import About, Measured, Rows, accepted
from builder.grid import thumbnail_grid
from builder.index import write_index
from builder.manifest import MANIFEST, read_manifest
from builder.report import REPORT, Report, SourceState, make_report
from builder.rows import LabelConflict
from builder.spec import DatasetSpec
from builder.store import Folder


def manifest_rows(folder: Folder) -> Rows:
    """The dataset's rows, read from its manifest each time they are asked for."""
    return lambda: read_manifest(folder.chunks(MANIFEST))


def describe(
    folder: Folder,
    rows: Rows,
    spec: DatasetSpec,
    *,
    states: tuple[SourceState, ...],
    conflicts: tuple[LabelConflict, ...],
    created: date | None,
) -> Report:
    """Write every file that describes the dataset, besides its manifest; `rows` have their verdicts and splits."""
    report = make_report(spec, rows(), states, conflicts)
    folder.write(REPORT, report.model_dump_json(indent=2).encode())
    index = Measured(write_index(rows()))
    folder.write("index.parquet", index)
    drawn = thumbnail_grid(folder, accepted(rows), spec) if report.totals.accepted else None
    if drawn is not None:
        folder.write(THUMBNAILS, drawn)
    about = About(spec=spec, report=report, created=created, thumbnails=drawn)
    folder.write("README.md", card(about, "index").encode())
    folder.write("attribution.csv", attribution_csv(rows()))
    folder.write("croissant.json", index_croissant(about, index.sha256, index.bytes))
    return report


def read_about(folder: Folder, spec: DatasetSpec, created: date | None) -> About:
    """The dataset as `describe` left it; FileNotFoundError before that."""
    drawn = folder.read(THUMBNAILS) if folder.exists(THUMBNAILS) else None
    report = Report.model_validate_json(folder.read(REPORT))
    return About(spec=spec, report=report, created=created, thumbnails=drawn)
