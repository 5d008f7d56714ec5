"""Is it alive, and can it work: for probes, load balancers and the local stack."""

import azure.durable_functions as df
import azure.functions as func
from starlette.requests import Request
from starlette.responses import Response

from functions.http import answers, in_thread, json_response
from shared import health

bp = df.Blueprint(http_auth_level=func.AuthLevel.ANONYMOUS)


@bp.route("v1/health/live", methods=["GET"], trigger_arg_name="request")
@answers
async def health_live(request: Request) -> Response:
    """The process answers."""
    return json_response({"status": "alive"})


@bp.route("v1/health/ready", methods=["GET"], trigger_arg_name="request")
@answers
async def health_ready(request: Request) -> Response:
    """Storage and Cosmos DB answer, each asked now; 503 with what failed otherwise."""
    checks = await in_thread(health.checks)
    ready = all(check == "ok" for check in checks.values())
    return json_response({"status": "ready" if ready else "not ready", "checks": checks}, 200 if ready else 503)
