"""One request for one URL: opt-outs heard, a byte cap while streaming, every failure given its reason."""

import re
import socket
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin

import aiohttp
from yarl import URL

from builder.guard import NOTHING_FETCHED
from builder.links import parse_link
from builder.optouts import opt_out
from builder.rows import FetchReason

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
    location: str | None = None  # of a redirect


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


async def ask(
    session: aiohttp.ClientSession, url: URL, max_bytes: int, *, opt_outs: bool = False, cut: bool = False
) -> Answer:
    """GET `url` once and return its body, at most `max_bytes` of it decoded, or where it redirects to.

    Raises `DownloadError` for anything else, and for an answer whose headers ask us not to use it if `opt_outs`: its
    body is then not read. `cut` takes the first `max_bytes` of a larger body. Total time is the caller's to bound
    (`asyncio.timeout`), addresses are the session's to guard.
    """
    try:
        async with session.get(url, allow_redirects=False) as response:
            if response.status in REDIRECTS:
                return Answer(str(url), response.status, location=response.headers.get("Location") or "")
            return await _body(response, max_bytes, opt_outs=opt_outs, cut=cut)
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise _failure(error, url) from error


def first_link(text: str) -> URL:
    """The URL of a candidate; `DownloadError` if it is not one to be asked for."""
    try:
        return parse_link(text)
    except ValueError as error:
        raise DownloadError("bad_url", str(error)) from error


def next_link(here: URL, location: str) -> URL:
    """Where a redirect from `here` leads; `DownloadError` if that is not to be asked for."""
    if not location:
        raise DownloadError("bad_url", "a redirect without an address", Answer(str(here)))
    location = _RAW_BYTE.sub(lambda byte: f"%{ord(byte[0]) - 0xDC00:02X}", location)
    try:
        return parse_link(urljoin(str(here), location))
    except ValueError as error:
        raise DownloadError("bad_url", f"a redirect to {location[:200]!r}: {error}", Answer(str(here))) from error


async def _body(response: aiohttp.ClientResponse, max_bytes: int, *, opt_outs: bool, cut: bool) -> Answer:
    """Read the body of a final answer."""
    status = response.status
    told = Answer(str(response.url), status, response.headers.get("Content-Type"))
    if status >= 400:  # noqa: PLR2004
        raise DownloadError(
            "http_5xx" if 500 <= status < 600 else "http_4xx",  # noqa: PLR2004
            f"HTTP {status} {response.reason or ''}".strip(),
            told,
            transient=status in TRANSIENT_STATUSES,
            retry_after=retry_after(response.headers.get("Retry-After")),
        )
    if opt_outs and (asked := opt_out(response.headers)) is not None:
        raise DownloadError("opted_out", asked, told)
    if status == 206:  # noqa: PLR2004
        raise DownloadError("incomplete", "a part (HTTP 206), though the whole was asked for", told)
    announced = response.content_length
    if announced is not None and announced > max_bytes and not cut:
        raise DownloadError("too_large", f"{announced:,} bytes announced, {max_bytes:,} allowed", told)
    pieces: list[bytes] = []
    size = 0
    try:
        while piece := await response.content.readany():
            pieces.append(piece)
            size += len(piece)
            if size > max_bytes:
                if cut:
                    break
                raise DownloadError("too_large", f"more than {max_bytes:,} bytes", told)
    except (aiohttp.ClientPayloadError, ConnectionError) as error:
        raise DownloadError("incomplete", f"the body broke off after {size:,} bytes", told, transient=True) from error
    if not size:
        raise DownloadError("empty", f"HTTP {status} without a byte", told)
    body = b"".join(pieces)  # a single piece is not copied
    return Answer(told.final_url, status, told.content_type, body[:max_bytes] if cut else body)


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
    except (ValueError, OverflowError):  # a year or an offset of many digits
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())
