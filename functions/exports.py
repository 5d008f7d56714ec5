"""A dataset's exports over HTTP: which there are, and links to download them."""

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from functions.datasets import dataset_id
from functions.http import Query, asked, in_thread, json_response
from functions.operations import Blueprint
from functions.stages.identify import caller
from shared import datasets
from shared.blobs import BlobFolder, dataset_folder, download_link
from shared.problems import bad_parameter, not_found
from shared.progress import View
from shared.steps.export import ExportView, listed

NO_STORE = {"cache-control": "no-store"}
"""Of answers with a link that needs no further credentials."""

routes = Blueprint("exports")
bp = routes.bp


class ExportList(View):
    """The exports that are complete."""

    exports: tuple[ExportView, ...]


class Link(View):
    """Where to download from, without further credentials, until `expires`."""

    url: str
    expires: str


@routes.operation("GET", "v1/datasets/{dataset}/exports", role="viewer", answers={200: ExportList})
async def list_exports(request: Request) -> Response:
    """The exports that are complete, with their files, sizes and SHA-256."""
    principal = caller(request)
    document = await in_thread(datasets.get, principal.tenant, dataset_id(request))
    return json_response(ExportList(exports=await in_thread(listed, document)))


class LinkQuery(Query):
    """Which file of an export."""

    file: str | None = Field(default=None, description="a name that the export lists; needless when it has just one")


@routes.operation(
    "GET", "v1/datasets/{dataset}/exports/{format}/link", role="viewer", query=LinkQuery, answers={200: Link}
)
async def link_export(request: Request) -> Response:
    """A short-lived download link for one file; `file` may be left out when the export has just one."""
    query = asked(request, LinkQuery)
    principal = caller(request)
    document = await in_thread(datasets.get, principal.tenant, dataset_id(request))
    found = await in_thread(listed, document)
    return await linked(request, query, found, dataset_folder(document.id), document.id[:8])


async def linked(
    request: Request, query: LinkQuery, exports: tuple[ExportView, ...], folder: BlobFolder, saved_as: str
) -> Response:
    """A link to the file that is asked for, of the export in the path; who downloads it saves it as `{saved_as}-...`.

    `ProblemError` 404 when there is no such export, 400 when it has no such file.
    """
    export = next((one for one in exports if one.format == request.path_params["format"]), None)
    if export is None:
        raise not_found("export")
    names = [file.name for file in export.files]
    name = query.file if query.file is not None or len(names) > 1 else names[0]
    if name is None or name not in names:
        raise bad_parameter("file", "one of the names that the export lists")
    filename = f"{saved_as}-{name.rpartition('/')[2]}"
    url, expires = await in_thread(download_link, folder, f"exports/{export.format}/{name}", filename)
    return json_response(Link(url=url, expires=expires), 200, **NO_STORE)
