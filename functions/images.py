"""A dataset's images over HTTP: their rows, their bytes, their thumbnails."""

import asyncio
import re

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from builder.rows import ImageRow, Reason, Verdict
from functions.datasets import dataset_id
from functions.http import PageQuery, Query, Whole, asked, in_thread, json_response
from functions.operations import Blueprint
from functions.stages.conditional import unchanged
from functions.stages.identify import caller
from shared import datasets, pictures, pulse, shards
from shared.problems import bad_parameter, not_found
from shared.progress import View
from shared.views import tag

routes = Blueprint("images")
bp = routes.bp

_KEY = re.compile(r"[a-z0-9-]{1,64}-\d{5}-\d{2}")
_IMMUTABLE = "private, max-age=86400, immutable"


class ImageList(View):
    """A page of rows."""

    images: tuple[ImageRow, ...]
    next: str | None = Field(description="`cursor` of the next page; null on the last")


class ImageQuery(PageQuery):
    """Which candidates to list."""

    label: str | None = Field(default=None, description="name of the label: only its candidates")
    verdict: Verdict | None = Field(default=None, description="only candidates of which this became")
    reason: Reason | None = Field(default=None, description="only candidates that this was found of")


@routes.operation("GET", "v1/datasets/{dataset}/images", role="viewer", query=ImageQuery, answers={200: ImageList})
async def list_images(request: Request) -> Response:
    """A page of candidates with what became of them; `label`, `verdict` and `reason` filter."""
    query = asked(request, ImageQuery)
    dataset = dataset_id(request)
    document, parts = await asyncio.gather(
        in_thread(datasets.get, caller(request).tenant, dataset), in_thread(pulse.version, dataset)
    )
    if query.label is not None and query.label not in {one.name for one in document.spec.labels}:
        raise bad_parameter("label", "the dataset has no label of that name")
    etag = tag(ImageList, dataset, parts, request.url.query)
    if (answer := unchanged(request, {"etag": etag})) is not None:
        return answer
    found = await in_thread(
        shards.image_page,
        document.id,
        label=query.label,
        verdict=query.verdict,
        reason=query.reason,
        size=query.limit,
        cursor=query.cursor,
    )
    return json_response(ImageList(images=found.items, next=found.cursor), etag=etag)


@routes.operation("GET", "v1/datasets/{dataset}/images/{image}", role="viewer", answers={200: ("image/*",)})
async def get_image(request: Request) -> Response:
    """The stored bytes of one image."""
    row = await _row(request)
    headers = {"etag": f'"{row.sha256}"', "cache-control": _IMMUTABLE, "x-content-type-options": "nosniff"}
    if (same := unchanged(request, headers)) is not None:
        return same
    data = await in_thread(pictures.stored_bytes, dataset_id(request), row)
    return Response(data, media_type=f"image/{row.format}", headers=headers)


class ThumbnailQuery(Query):
    """How large a thumbnail is."""

    size: Whole = Field(default=256, ge=16, le=1024, description="of the square that it fits into, in pixels")


@routes.operation(
    "GET",
    "v1/datasets/{dataset}/images/{image}/thumbnail",
    role="viewer",
    query=ThumbnailQuery,
    answers={200: ("image/jpeg",)},
)
async def get_thumbnail(request: Request) -> Response:
    """A JPEG of the image that fits into `size` x `size` pixels."""
    size = asked(request, ThumbnailQuery).size
    row = await _row(request)
    headers = {"etag": f'"{row.sha256}-{size}"', "cache-control": _IMMUTABLE}
    if (same := unchanged(request, headers)) is not None:
        return same
    data = await in_thread(pictures.thumbnail, dataset_id(request), row, size)
    return Response(data, media_type="image/jpeg", headers=headers)


async def _row(request: Request) -> ImageRow:
    """The image in the path, with bytes behind it; `ProblemError` 404 if there is none."""
    principal = caller(request)
    key = str(request.path_params["image"])
    if not _KEY.fullmatch(key):
        raise not_found("image")
    await in_thread(datasets.get, principal.tenant, dataset_id(request))
    shard = await in_thread(shards.find, dataset_id(request), key.rpartition("-")[0])
    row = next((one for one in shard.images if one.key == key), None) if shard else None
    if row is None or row.shard is None:
        raise not_found("image with bytes")
    return row
