"""One try at one URL: redirects checked hop by hop, a byte cap while streaming, every failure given its reason."""

import re
import socket
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin

import aiohttp
from yarl import URL

from builder.errors import AddressRefusedError
from builder.guard import NOTHING_FETCHED, AddressGuard
from builder.links import parse_link
from builder.rows import FetchReason
from builder.session import FetchLimits

REDIRECTS = frozenset({301, 302, 303, 307, 308})
TRANSIENT_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})

_RAW_BYTE = re.compile(r"[\udc80-\udcff]")  # a byte of a header that is no UTF-8, as aiohttp gives it (PEP 383)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said, as far as it got."""

    final_url: str
    http_status: int | None = None
    content_type: str | None = None
    body: bytes = b""


class DownloadError(Exception):
    """A try that brought no image. `transient`: another try may help, after `retry_after` seconds if that is given."""

    def __init__(
        self,
        reason: FetchReason,
        detail: str,
        answer: Answer | None = None,
        *,
        transient: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(detail)
        self.reason = reason
        self.answer = answer
        self.transient = transient
        self.retry_after = retry_after


async def download(session: aiohttp.ClientSession, url: str, limits: FetchLimits, guard: AddressGuard) -> Answer:
    """GET `url` and return its body, at most `limits.max_bytes` of it decoded; raise `DownloadError` for anything else.

    Total time is the caller's to bound (`asyncio.timeout`).
    """
    here = _link(url)
    for _ in range(limits.max_redirects + 1):
        _check_host(here, guard)
        try:
            async with session.get(here, allow_redirects=False) as response:
                location = response.headers.get("Location")
                if response.status not in REDIRECTS:
                    return await _body(response, limits)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _failure(error, here) from error
        here = _next(here, location)
    raise DownloadError("too_many_redirects", f"more than {limits.max_redirects} redirects", Answer(str(here)))


def _link(url: str) -> URL:
    try:
        return parse_link(url)
    except ValueError as error:
        raise DownloadError("bad_url", str(error)) from error


def _next(here: URL, location: str | None) -> URL:
    if not location:
        raise DownloadError("bad_url", "a redirect without an address", Answer(str(here)))
    location = _RAW_BYTE.sub(lambda byte: f"%{ord(byte[0]) - 0xDC00:02X}", location)
    try:
        return parse_link(urljoin(str(here), location))
    except ValueError as error:
        raise DownloadError("bad_url", f"a redirect to {location[:200]!r}: {error}", Answer(str(here))) from error


def _check_host(url: URL, guard: AddressGuard) -> None:
    try:
        guard.check_host(url.raw_host or "", url.port or 0)
    except AddressRefusedError as error:
        raise DownloadError("address_refused", str(error), Answer(str(url))) from error


async def _body(response: aiohttp.ClientResponse, limits: FetchLimits) -> Answer:
    """Read the body of a final answer."""
    told = Answer(str(response.url), response.status, response.headers.get("Content-Type"))
    if response.status >= 400:  # noqa: PLR2004
        raise DownloadError(
            "http_5xx" if 500 <= response.status < 600 else "http_4xx",  # noqa: PLR2004
            f"HTTP {response.status} {response.reason or ''}".strip(),
            told,
            transient=response.status in TRANSIENT_STATUSES,
            retry_after=retry_after(response.headers.get("Retry-After")),
        )
    if response.status == 206:  # noqa: PLR2004
        raise DownloadError("incomplete", "a part (HTTP 206), though the whole was asked for", told)
    announced = response.content_length
    if announced is not None and announced > limits.max_bytes:
        detail = f"{announced:,} bytes announced, {limits.max_bytes:,} allowed"
        raise DownloadError("too_large", detail, told)
    body = bytearray()
    try:
        async for piece in response.content.iter_any():
            body += piece
            if len(body) > limits.max_bytes:
                raise DownloadError("too_large", f"more than {limits.max_bytes:,} bytes", told)
    except (aiohttp.ClientPayloadError, ConnectionError) as error:
        detail = f"the body broke off after {len(body):,} bytes"
        raise DownloadError("incomplete", detail, told, transient=True) from error
    if not body:
        raise DownloadError("empty", f"HTTP {response.status} without a byte", told)
    return Answer(told.final_url, told.http_status, told.content_type, bytes(body))


def _failure(error: Exception, url: URL) -> DownloadError:
    """Give what aiohttp and the socket layer raise its reason."""
    cause = error
    if isinstance(error, aiohttp.ClientConnectorError) and not isinstance(
        error, aiohttp.ClientConnectorCertificateError
    ):
        cause = error.os_error  # which an error about a certificate does not have
    reason: FetchReason = "connection"
    transient = False
    match cause:
        case OSError() if NOTHING_FETCHED in str(cause):  # by its words: aiohappyeyeballs joins errors of several kinds
            reason, detail = "address_refused", (cause.strerror or str(cause)).removeprefix("Multiple exceptions: ")
        case TimeoutError():
            reason, detail, transient = "timeout", "no answer in time", True
        case socket.gaierror():
            reason, detail = "dns", f"no address ({cause.strerror})"
            transient = cause.errno == socket.EAI_AGAIN
        case _ if isinstance(error, aiohttp.ClientConnectorDNSError):
            reason, detail = "dns", f"no address ({cause})"
        case aiohttp.ClientSSLError() | ssl.SSLError():
            detail = f"no TLS connection: {cause}"
        case aiohttp.InvalidURL() | UnicodeError():
            reason, detail = "bad_url", f"cannot be asked for: {cause}"
        case aiohttp.ClientResponseError():
            detail = f"does not speak HTTP: {cause.message}"
        case aiohttp.ClientConnectionError() | OSError():
            detail, transient = f"{cause}", True
        case _:
            detail = f"{type(cause).__name__}: {cause}"
    return DownloadError(reason, f"{url.host}: {detail}", Answer(str(url)), transient=transient)


def retry_after(header: str | None, now: datetime | None = None) -> float | None:
    """Seconds that a `Retry-After` header (RFC 9110, 10.2.3) asks for: a number or a date; None if it says neither."""
    text = (header or "").strip()
    if text.isascii() and text.isdecimal():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())
