"""Two stages: a rate of requests per principal, and a rate of wrong credentials per client address.

Both say how things stand in RateLimit and RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers-10): `q` tokens at
once, all new within `w` seconds; `r` are left, and all are back after `t` seconds.
"""

import math
from functools import lru_cache
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from shared.problems import ProblemError, too_many_requests
from shared.rate import Taken, TokenBuckets
from shared.settings import settings

if TYPE_CHECKING:
    from functions.operations import Operation
    from functions.stages import Proceed

REQUESTS = "requests"
WRONG_CREDENTIALS = "wrong-credentials"
_UNAUTHORIZED = 401
_CREDENTIALS = ("authorization", "x-api-key")


async def stage(operation: "Operation", request: Request, proceed: "Proceed") -> Response:
    """Let a principal in at its rate; `ProblemError` 429 above it. Every answer says what is left."""
    buckets = _buckets(REQUESTS, settings().requests_per_second, settings().requests_burst)
    if operation.role is None or buckets is None:
        return await proceed()
    principal = request.state.principal
    taken = buckets.take(f"{principal.tenant}\n{principal.subject}")
    headers = rate_headers(REQUESTS, buckets, taken)
    try:
        if not taken.allowed:
            raise too_many_requests(REQUESTS, taken.wait)
        response = await proceed()
    except ProblemError as problem:
        problem.headers.update(headers)
        raise
    response.headers.update(headers)
    return response


async def guesses(operation: "Operation", request: Request, proceed: "Proceed") -> Response:
    """Refuse an address that has sent many wrong credentials, before another is looked at; `ProblemError` 429.

    Right credentials cost nothing, and neither does sending none. While it lasts, right ones are refused too:
    otherwise the answer would tell which are right.
    """
    buckets = _buckets(WRONG_CREDENTIALS, settings().refused_per_minute / 60, settings().refused_burst)
    if operation.role is None or buckets is None or not any(name in request.headers for name in _CREDENTIALS):
        return await proceed()
    address = client_address(request)
    before = buckets.look(address)
    if not before.allowed:
        problem = too_many_requests(WRONG_CREDENTIALS, before.wait)
        problem.headers.update(rate_headers(WRONG_CREDENTIALS, buckets, before))
        raise problem
    try:
        return await proceed()
    except ProblemError as problem:
        if problem.status == _UNAUTHORIZED:
            buckets.take(address)
        raise


def rate_headers(policy: str, buckets: TokenBuckets, taken: Taken) -> dict[str, str]:
    """RateLimit and RateLimit-Policy of one bucket, as structured fields (RFC 9651)."""
    window = math.ceil(buckets.burst / buckets.rate)
    return {
        "ratelimit-policy": f'"{policy}";q={buckets.burst};w={window}',
        "ratelimit": f'"{policy}";r={taken.left};t={math.ceil(taken.full)}',
    }


def client_address(request: Request) -> str:
    """The address that the outermost trusted proxy saw, without its port; of the connection when there is no proxy.

    Each proxy adds to the right of X-Forwarded-For what it saw; what stands further left anybody can have written.
    """
    hops = settings().proxy_hops
    seen = [one.strip() for one in ",".join(request.headers.getlist("x-forwarded-for")).split(",") if one.strip()]
    if not hops or len(seen) < hops:
        return request.client.host if request.client else "unknown"
    return _without_port(seen[-hops])


def _without_port(address: str) -> str:
    """`203.0.113.7:4711` and `[2001:db8::1]:4711`, as Azure's front end writes them, without the port."""
    if address.startswith("["):
        return address[1:].partition("]")[0]
    host, _, rest = address.partition(":")
    return address if ":" in rest else host


@lru_cache(maxsize=8)
def _buckets(policy: str, rate: float, burst: int) -> TokenBuckets | None:
    return TokenBuckets(rate, burst) if rate else None
