"""Two stages: a rate of requests per principal, and a rate of wrong credentials per client address.

Both say how things stand in RateLimit and RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers-10): `q` tokens at
once, all new within `w` seconds; `r` are left, and all are back after `t` seconds.
"""

import math
from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from functions.address import client_address
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
    address = _network(client_address(request))
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


def _network(address: str | None) -> str:
    """Who is counted as one: of IPv6 the /64, which is what a subscriber has, and is changed at will within it."""
    if address is None:
        return "unknown"
    found = ip_address(address)
    if isinstance(found, IPv6Address) and found.ipv4_mapped is None:
        return str(IPv6Network((int(found), 64), strict=False))
    return address


def rate_headers(policy: str, buckets: TokenBuckets, taken: Taken) -> dict[str, str]:
    """RateLimit and RateLimit-Policy of one bucket, as structured fields (RFC 9651)."""
    window = math.ceil(buckets.burst / buckets.rate)
    return {
        "ratelimit-policy": f'"{policy}";q={buckets.burst};w={window}',
        "ratelimit": f'"{policy}";r={taken.left};t={math.ceil(taken.full)}',
    }


@lru_cache(maxsize=8)
def _buckets(policy: str, rate: float, burst: int) -> TokenBuckets | None:
    return TokenBuckets(rate, burst) if rate else None
