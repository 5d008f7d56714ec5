"""Where a request comes from, as far as it can be believed."""

from ipaddress import ip_address

from starlette.requests import Request

from shared.settings import settings


def client_address(request: Request) -> str | None:
    """The caller's IP address: what the first of our own proxies saw, else the peer; None when neither is known.

    Each proxy adds what it sees at the end of X-Forwarded-For, so that only the last entries, one for each proxy that
    is ours, are not the caller's own words. With fewer entries than proxies, the request came another way.
    """
    proxies = settings().proxy_hops
    told = [one for header in request.headers.getlist("x-forwarded-for") for one in header.split(",")]
    if proxies and len(told) >= proxies:
        return _address(told[-proxies])
    return _address(request.client.host) if request.client else None


def _address(text: str) -> str | None:
    """Without brackets and port, which front ends of Azure add; None when it is no address."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(ip_address(text))
    except ValueError:
        return None
