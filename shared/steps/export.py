"""Step `export`: one export's files in the dataset's folder, and their list, which is written last."""

import json

from shared.blobs import BlobFolder, dataset_folder
from shared.documents import DatasetDocument
from shared.progress import View
from shared.steps import lifecycle
from shared.tasks import ExportTask

LIST_ENDING = ".files.json"
"""What lists the files of an export, beside its folder, is called: `exports/{format}.files.json`."""


class FileView(View):
    """A file of an export; `sha256` is hex."""

    name: str
    bytes: int
    sha256: str


class ExportView(View):
    """A complete export."""

    format: str
    files: tuple[FileView, ...]


@lifecycle.tidied
def export(task: ExportTask) -> None:
    """Write the export unless it is complete, or there is no image to put in it."""
    from shared.steps.assemble import read_report

    if not lifecycle.enter(task, "exporting"):
        return
    folder = dataset_folder(task.dataset)
    if not is_complete(folder, task.format) and read_report(folder).totals.accepted:
        write(folder, task)


def write(folder: BlobFolder, task: ExportTask) -> None:
    """Write the export from the dataset's manifest, and then its list."""
    from builder.exports.write import write_export
    from builder.manifest import ManifestRows
    from shared.steps.assemble import about

    # Out of the manifest, each time that the exporter asks: a large dataset's rows would fill the memory.
    files = write_export(folder, task.format, ManifestRows(folder), about(folder, task))
    folder.write(file_list(task.format), json.dumps([file.model_dump() for file in files]).encode())


def listed(document: DatasetDocument) -> tuple[ExportView, ...]:
    """The exports of a dataset that are complete."""
    folder = dataset_folder(document.id)
    found = []
    for name in document.spec.exports:
        files = _files(folder, name)
        if files is not None:
            found.append(ExportView(format=name, files=files))
    return tuple(found)


def _files(folder: BlobFolder, export_format: str) -> tuple[FileView, ...] | None:
    try:
        return tuple(FileView(**file) for file in json.loads(folder.read(file_list(export_format))))
    except FileNotFoundError:
        return None


def is_complete(folder: BlobFolder, export_format: str) -> bool:
    """Whether the export has been written whole."""
    files = _files(folder, export_format)
    return files is not None and all(folder.exists(f"exports/{export_format}/{file.name}") for file in files)


def file_list(export_format: str) -> str:
    """Beside the export's own folder, so that it is never taken for one of its files."""
    return f"exports/{export_format}{LIST_ENDING}"
