"""Write an export into the dataset's folder, and tell what was written."""

from importlib import import_module
from typing import get_args

from builder.errors import UnknownFormatError
from builder.exports.base import About, ExportedFile, ExportFile, Measured, Rows
from builder.spec import ExportFormat
from builder.store import Folder

FORMATS: tuple[ExportFormat, ...] = get_args(ExportFormat)
"""Each is a module of this package with `export(folder, rows, about) -> Iterator[ExportFile]`."""


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
    chunks = file.chunks if isinstance(file.chunks, Measured) else Measured(file.chunks)
    size = folder.write(prefix + file.name, chunks)
    return ExportedFile(name=file.name, bytes=size, sha256=chunks.sha256)
