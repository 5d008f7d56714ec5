"""Is it alive, and can it work: for probes, load balancers and the local stack."""

from starlette.requests import Request
from starlette.responses import Response

from functions.http import in_thread, json_response
from functions.operations import Blueprint
from shared import health
from shared.progress import View

routes = Blueprint("health")
bp = routes.bp


class Liveness(View):
    """That the process answers."""

    status: str


class Readiness(View):
    """Whether it can work: what each store said, `ok` or what failed."""

    status: str
    checks: dict[str, str]


@routes.operation("GET", "v1/health/live", role=None, answers={200: Liveness})
async def health_live(request: Request) -> Response:
    """The process answers."""
    return json_response(Liveness(status="alive"))


@routes.operation("GET", "v1/health/ready", role=None, answers={200: Readiness, 503: Readiness})
async def health_ready(request: Request) -> Response:
    """Storage and Cosmos DB answer, each asked now; 503 with what failed otherwise."""
    checks = await in_thread(health.checks)
    ready = all(check == "ok" for check in checks.values())
    told = Readiness(status="ready" if ready else "not ready", checks=checks)
    return json_response(told, 200 if ready else 503)
