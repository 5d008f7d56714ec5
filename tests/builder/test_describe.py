"""`builder.describe`: every file, from rows that go by once."""

from pathlib import Path

import pytest

from builder import describe as module
from builder.attribution import attribution_csv
from builder.describe import describe, read_about
from builder.index import write_index
from builder.manifest import write_manifest
from tests.builder.dataset_of import SPEC, build
from tests.builder.rows_of import lines_of


def test_files_made_as_rows_go_by_are_those_made_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_ASIDE_BYTES", 1_000)  # so that they wait on disk
    monkeypatch.setattr(module, "_PIECE_CHARACTERS", 500)
    folder, rows, about = build(tmp_path)
    report = describe(folder, iter(rows), SPEC, states=(), conflicts=(), created=about.created)
    assert folder.read("manifest.jsonl") == b"".join(write_manifest(rows))
    assert folder.read("attribution.csv") == b"".join(attribution_csv(rows))
    assert folder.read("index.parquet") == b"".join(write_index(lines_of(rows)))
    assert report == about.report
    read = read_about(folder, SPEC, about.created)
    assert (read.report, read.thumbnails) == (report, folder.read("thumbnails.jpg"))
