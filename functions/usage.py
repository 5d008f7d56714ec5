"""What a tenant has used and may use, over HTTP."""

from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from functions.http import Query, asked, in_thread, json_response
from functions.operations import Blueprint
from functions.stages.identify import caller
from shared import quotas, usage
from shared.progress import View

routes = Blueprint("usage")
bp = routes.bp


class QuotaView(View):
    """One quota: `reserved` is what builds that go on may still bring; it counts against the limit too."""

    used: int
    reserved: int
    limit: int
    resets: datetime | None


class QuotasView(View):
    """Every quota of the tenant."""

    concurrent_builds: QuotaView
    images_per_month: QuotaView
    stored_bytes: QuotaView


class StoredView(View):
    """What takes up the stored bytes: all files of datasets, versions and exports too; uploads and URL lists."""

    datasets: int
    uploads: int


class MonthView(View):
    """Images that datasets got in one calendar month (UTC), `2026-11`."""

    month: str
    images: int


class UsageView(View):
    """What the tenant uses now and of what it is made up, which builds go on, and its months, this one first."""

    quotas: QuotasView
    stored: StoredView
    builds: tuple[str, ...]
    months: tuple[MonthView, ...]


@routes.operation("GET", "v1/usage", role="viewer", query=Query, answers={200: UsageView})
async def get_usage(request: Request) -> Response:
    """What the tenant has used of its quotas, this month and before."""
    asked(request, Query)
    return json_response(await in_thread(_usage, caller(request).tenant))


def _usage(tenant: str) -> UsageView:
    now, limits, months = quotas.standing(tenant), quotas.limits(tenant), usage.images_by_month(tenant)
    uploads = usage.bytes_of_uploads(tenant)
    return UsageView(
        quotas=QuotasView(
            concurrent_builds=QuotaView(used=len(now.builds), reserved=0, limit=limits.concurrent_builds, resets=None),
            images_per_month=QuotaView(
                used=now.images, reserved=now.images_reserved, limit=limits.images_per_month, resets=now.resets
            ),
            stored_bytes=QuotaView(used=now.bytes, reserved=now.bytes_reserved, limit=limits.stored_bytes, resets=None),
        ),
        stored=StoredView(datasets=max(now.bytes - uploads, 0), uploads=uploads),
        builds=now.builds,
        months=tuple(
            MonthView(month=month, images=images)
            for month, images in {now.month: months.get(now.month, 0), **months}.items()
        ),
    )
