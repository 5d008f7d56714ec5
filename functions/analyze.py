"""One image looked at: every check, hashes, and where the tenant has the same picture."""

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from builder.spec import ImageSpec, Tier
from functions.http import Query, Whole, asked, in_thread, json_response, read_body
from functions.operations import Blueprint
from functions.stages.identify import caller
from shared.analysis import AnalysisView, analyze

routes = Blueprint("validation")
bp = routes.bp

MAX_IMAGE_BYTES = 20_000_000


class AnalyzeQuery(Query):
    """By which rules to look at the image, and how far to look for copies of it."""

    tier: Tier = Field(default="standard", description="whose thresholds count; values are measured in every tier")
    radius: Whole = Field(default=8, ge=0, le=16, description="bits of 64 in which the pHash of a copy may differ")


@routes.operation(
    "POST",
    "v1/validation/analyze",
    role="viewer",
    query=AnalyzeQuery,
    body=("image/*", "application/octet-stream"),
    answers={200: AnalysisView},
    action="image.analyze",
)
async def analyze_image(request: Request) -> Response:
    """Look at one image.

    The body is the image's bytes, at most 20 MB. Answers what every check measured, not only the first that fails; what
    the file tells of itself (of a GPS position only that there is one); and copies of it among the tenant's datasets.
    Nothing is stored. Bytes that are no image are an answer too: `rejected`, with the reason.
    """
    query = asked(request, AnalyzeQuery)
    data = await read_body(request, MAX_IMAGE_BYTES)
    spec = ImageSpec(tier=query.tier, max_bytes=MAX_IMAGE_BYTES)
    return json_response(await in_thread(analyze, caller(request).tenant, data, spec, query.radius))
