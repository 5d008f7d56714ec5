"""`builder.exports.write`: what is told is what lies there."""

import hashlib

import pytest

from builder.errors import UnknownFormatError
from builder.exports.write import FORMATS, write_export
from tests.builder.dataset_of import Dataset


@pytest.mark.parametrize("export_format", FORMATS)
def test_sizes_and_hashes_are_those_of_the_files(export_format: str, dataset: Dataset) -> None:
    folder, rows, about = dataset
    files = write_export(folder, export_format, lambda: iter(rows), about)
    assert files
    for file in files:
        data = folder.read(f"exports/{export_format}/{file.name}")
        assert (file.bytes, file.sha256) == (len(data), hashlib.sha256(data).hexdigest())


def test_a_format_that_there_is_not(dataset: Dataset) -> None:
    folder, rows, about = dataset
    with pytest.raises(UnknownFormatError, match="choose from imagefolder, webdataset"):
        write_export(folder, "write", lambda: iter(rows), about)
