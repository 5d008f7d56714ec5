"""Write an export into the dataset's folder, and tell what was written."""

import hashlib
from collections.abc import Iterator
from importlib import import_module

from builder.errors import UnknownFormatError
from builder.exports.base import About, ExportFile, Rows
from builder.rows import Row
from builder.store import Folder

FORMATS = ("imagefolder", "webdataset")
"""Each is a module of this package with `export(folder, rows, about) -> Iterator[ExportFile]`."""


class ExportedFile(Row):
    """A file of an export, as it lies in the folder. `sha256` is hex."""

    name: str
    bytes: int
    sha256: str


def export_folder(export_format: str) -> str:
    """Where the files of that export are, relative to the dataset, with the slash."""
    return f"exports/{export_format}/"


def write_export(folder: Folder, export_format: str, rows: Rows, about: About) -> tuple[ExportedFile, ...]:
    """Make every file of one export under `exports/{format}/`; returns them in order. Doing it twice changes nothing.

    Files of an earlier run that are no part of this one are deleted. Raises UnknownFormatError for a format that
    there is not.
    """
    if export_format not in FORMATS:
        msg = f"there is no export {export_format!r}: choose from {', '.join(FORMATS)}"
        raise UnknownFormatError(msg)
    module = import_module(f"builder.exports.{export_format}")
    prefix = export_folder(export_format)
    written = tuple(_write(folder, prefix, file) for file in module.export(folder, rows, about))
    for name in list(folder.names(prefix)):
        if name.removeprefix(prefix) not in {file.name for file in written}:
            folder.delete(name)
    return written


def _write(folder: Folder, prefix: str, file: ExportFile) -> ExportedFile:
    digest = hashlib.sha256()

    def counted() -> Iterator[bytes]:
        for chunk in file.chunks:
            digest.update(chunk)
            yield chunk

    size = folder.write(prefix + file.name, counted())
    return ExportedFile(name=file.name, bytes=size, sha256=digest.hexdigest())
