"""A dataset's images over HTTP: their rows, their bytes, their thumbnails."""

import re
from typing import cast, get_args

import azure.durable_functions as df
import azure.functions as func
from starlette.requests import Request
from starlette.responses import Response

from builder.rows import ImageRow, Reason, Verdict
from functions.datasets import dataset_id
from functions.http import answers, choice, in_thread, json_response, page_size, whole_number
from shared import datasets, pictures, shards
from shared.access import authorize
from shared.problems import bad_parameter, not_found
from shared.progress import View

bp = df.Blueprint(http_auth_level=func.AuthLevel.ANONYMOUS)

_KEY = re.compile(r"[a-z0-9-]{1,64}-\d{5}-\d{2}")
_REASONS = tuple(reason for group in get_args(Reason) for reason in get_args(group))
_IMMUTABLE = "private, max-age=86400, immutable"


class ImageList(View):
    """A page of rows."""

    images: tuple[ImageRow, ...]
    next: str | None


@bp.route("v1/datasets/{dataset}/images", methods=["GET"], trigger_arg_name="request")
@answers
async def list_images(request: Request) -> Response:
    """A page of candidates with what became of them; `label`, `verdict` and `reason` filter."""
    principal = await authorize(request, "read")
    document = await in_thread(datasets.get, principal.owner, dataset_id(request))
    label = request.query_params.get("label")
    if label is not None and label not in {one.name for one in document.spec.labels}:
        raise bad_parameter("label", "the dataset has no label of that name")
    reason = request.query_params.get("reason")
    if reason is not None and reason not in _REASONS:
        raise bad_parameter("reason", "one of " + ", ".join(_REASONS))
    found = await in_thread(
        shards.image_page,
        document.id,
        label=label,
        verdict=cast("Verdict | None", choice(request, "verdict", Verdict)),
        reason=reason,
        size=page_size(request),
        cursor=request.query_params.get("cursor"),
    )
    return json_response(ImageList(images=found.items, next=found.cursor))


@bp.route("v1/datasets/{dataset}/images/{image}", methods=["GET"], trigger_arg_name="request")
@answers
async def get_image(request: Request) -> Response:
    """The stored bytes of one image."""
    row = await _row(request)
    etag = f'"{row.sha256}"'
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers={"etag": etag})
    data = await in_thread(pictures.stored_bytes, dataset_id(request), row)
    headers = {"etag": etag, "cache-control": _IMMUTABLE, "x-content-type-options": "nosniff"}
    return Response(data, media_type=f"image/{row.format}", headers=headers)


@bp.route("v1/datasets/{dataset}/images/{image}/thumbnail", methods=["GET"], trigger_arg_name="request")
@answers
async def get_thumbnail(request: Request) -> Response:
    """A JPEG of the image that fits into `size` x `size` pixels (16 to 1024, default 256)."""
    row = await _row(request)
    size = whole_number(request, "size", 256, lowest=16, highest=1024)
    etag = f'"{row.sha256}-{size}"'
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers={"etag": etag})
    data = await in_thread(pictures.thumbnail, dataset_id(request), row, size)
    return Response(data, media_type="image/jpeg", headers={"etag": etag, "cache-control": _IMMUTABLE})


async def _row(request: Request) -> ImageRow:
    """The image in the path, with bytes behind it; `ProblemError` 404 if there is none."""
    principal = await authorize(request, "read")
    key = str(request.path_params["image"])
    if not _KEY.fullmatch(key):
        raise not_found("image")
    await in_thread(datasets.get, principal.owner, dataset_id(request))
    shard = await in_thread(shards.find, dataset_id(request), key.rpartition("-")[0])
    row = next((one for one in shard.images if one.key == key), None) if shard else None
    if row is None or row.shard is None:
        raise not_found("image with bytes")
    return row
