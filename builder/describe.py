"""What tells of a dataset once its images are decided: manifest, index, report, card, attribution, Croissant."""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import date

from builder.attribution import attribution_csv
from builder.card import card
from builder.croissant import index_croissant
from builder.exports.base import About, Rows
from builder.index import write_index
from builder.manifest import read_manifest, write_manifest
from builder.report import Report, SourceState, make_report
from builder.rows import ImageRow, LabelConflict
from builder.spec import DatasetSpec
from builder.store import Folder

REPORT = "report.json"
MANIFEST = "manifest.jsonl"


def manifest_rows(folder: Folder) -> Rows:
    """The dataset's rows, read from its manifest each time they are asked for."""
    return lambda: read_manifest(folder.chunks(MANIFEST))


def describe(
    folder: Folder,
    rows: Iterable[ImageRow],
    spec: DatasetSpec,
    *,
    states: tuple[SourceState, ...],
    conflicts: tuple[LabelConflict, ...],
    created: date | None,
) -> Report:
    """Write every file that describes the dataset; `rows`, gone through once, have their verdicts and splits."""
    folder.write(MANIFEST, write_manifest(rows))
    again = manifest_rows(folder)
    report = make_report(spec, again(), states, conflicts)
    folder.write(REPORT, report.model_dump_json(indent=2).encode())
    digest = hashlib.sha256()

    def index() -> Iterator[bytes]:
        for piece in write_index(again()):
            digest.update(piece)
            yield piece

    size = folder.write("index.parquet", index())
    about = About(spec=spec, report=report, created=created)
    folder.write("README.md", card(about, "index").encode())
    folder.write("attribution.csv", attribution_csv(again()))
    folder.write("croissant.json", index_croissant(about, digest.hexdigest(), size))
    return report
