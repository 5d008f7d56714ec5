"""One small dataset for all tests of exports, and its exports as people have them: unpacked."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from builder.exports.write import write_export
from builder.spec import ExportFormat
from tests.builder.dataset_of import Dataset, build

type Unpacked = Callable[[ExportFormat], Path]


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Two labels of twelve pictures, in four shards, each with a failure, a rejection and a duplicate too."""
    return build(tmp_path_factory.mktemp("dataset"))


@pytest.fixture(scope="session")
def unpacked(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Unpacked:
    """A function that gives the folder of an export, its zip unpacked; made when first asked for."""
    folder, rows, about = dataset
    made: dict[ExportFormat, Path] = {}

    def export(layout: ExportFormat) -> Path:
        if layout not in made:
            files = write_export(folder, layout, lambda: iter(rows), about)
            made[layout] = folder.root / "exports" / layout
            if len(files) == 1:
                made[layout] = tmp_path_factory.mktemp(layout)
                with zipfile.ZipFile(folder.root / "exports" / layout / files[0].name) as archive:
                    assert archive.testzip() is None
                    archive.extractall(made[layout])
        return made[layout]

    return export


@pytest.fixture
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hugging Face's libraries without network, and with a cache of their own."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
