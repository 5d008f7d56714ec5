"""One request for one URL: opt-outs heard, a byte cap while streaming, every failure given its reason."""

import re
import socket
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin

import pycurl
from yarl import URL

from builder.errors import AddressRefusedError
from builder.links import parse_link
from builder.optouts import opt_out
from builder.rows import FetchReason
from builder.session import Session, TransferError
from builder.transfer import MAX_HEAD_BYTES, Head, StalledError, TooMuchHeadError

REDIRECTS = frozenset({301, 302, 303, 307, 308})
TRANSIENT_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})

_RAW_BYTE = re.compile(r"[\udc80-\udcff]")  # a byte of a header that is no UTF-8 (PEP 383)
_BROKEN_OFF = frozenset(
    {pycurl.E_PARTIAL_FILE, pycurl.E_RECV_ERROR, pycurl.E_BAD_CONTENT_ENCODING, pycurl.E_WRITE_ERROR}
)
_NETWORK = frozenset({pycurl.E_COULDNT_CONNECT, pycurl.E_GOT_NOTHING, pycurl.E_SEND_ERROR, pycurl.E_RECV_ERROR})
_TLS = frozenset(
    {
        pycurl.E_SSL_CONNECT_ERROR,
        pycurl.E_PEER_FAILED_VERIFICATION,
        pycurl.E_SSL_CERTPROBLEM,
        pycurl.E_SSL_CIPHER,
        pycurl.E_SSL_CACERT_BADFILE,
        pycurl.E_SSL_ISSUER_ERROR,
    }
)


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
    session: Session, url: URL, max_bytes: int, seconds: float, *, opt_outs: bool = False, cut: bool = False
) -> Answer:
    """GET `url` once, within `seconds`, and return its body, at most `max_bytes` of it decoded, or where it leads to.

    Raises `DownloadError` for anything else, and for an answer whose headers ask us not to use it if `opt_outs`: its
    body is then not read. `cut` takes the first `max_bytes` of a larger body. TimeoutError when the time is over.
    Addresses are the session's to guard.
    """
    judge = _Judge(url, max_bytes, opt_outs=opt_outs, cut=cut)
    try:
        body = await session.get(url, judge.head, seconds)
    except (TransferError, StalledError, TooMuchHeadError, OSError, UnicodeError) as error:
        if type(error) is TimeoutError:  # the deadline, which is the caller's to tell of
            raise
        raise _failure(error, url, judge.told) from error
    return judge.answer(body)


class _Judge:
    """Judges one answer: whether it is what was asked for."""

    __slots__ = ("_cut", "_max_bytes", "_opt_outs", "_outcome", "_url", "told")

    def __init__(self, url: URL, max_bytes: int, *, opt_outs: bool, cut: bool) -> None:
        self._url = str(url)
        self._max_bytes = max_bytes
        self._opt_outs = opt_outs
        self._cut = cut
        self._outcome: Answer | DownloadError | None = None  # known from the head alone
        self.told: Answer | None = None  # by the head

    def head(self, head: Head) -> int:
        """Judge the head of an answer: of how many bytes of the body there is use."""
        status = head.status
        if status in REDIRECTS:
            self._outcome = Answer(self._url, status, location=head.headers.get("Location") or "")
            return 0
        told = self.told = Answer(self._url, status, head.headers.get("Content-Type"))
        if status >= 400:  # noqa: PLR2004
            self._outcome = DownloadError(
                "http_5xx" if 500 <= status < 600 else "http_4xx",  # noqa: PLR2004
                f"HTTP {status} {head.phrase}".strip(),
                told,
                transient=status in TRANSIENT_STATUSES,
                retry_after=retry_after(head.headers.get("Retry-After")),
            )
            return 0
        if self._opt_outs and (asked := opt_out(head.headers)) is not None:
            raise DownloadError("opted_out", asked, told)
        if status == 206:  # noqa: PLR2004
            raise DownloadError("incomplete", "a part (HTTP 206), though the whole was asked for", told)
        if head.announced > self._max_bytes and not self._cut:
            raise DownloadError("too_large", f"{head.announced:,} bytes announced, {self._max_bytes:,} allowed", told)
        return self._max_bytes

    def answer(self, body: bytes) -> Answer:
        """What came of it; `DownloadError` if that is no body."""
        if isinstance(self._outcome, DownloadError):
            raise self._outcome
        if self._outcome is not None:
            return self._outcome
        told = self.told or Answer(self._url)  # libcurl ends without an error only after a head
        if not body:
            raise DownloadError("empty", f"HTTP {told.http_status} without a byte", told)
        if len(body) > self._max_bytes:
            if not self._cut:
                raise DownloadError("too_large", f"more than {self._max_bytes:,} bytes", told)
            body = body[: self._max_bytes]
        return Answer(told.final_url, told.http_status, told.content_type, body)


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


def _failure(error: Exception, url: URL, told: Answer | None) -> DownloadError:
    """Give what libcurl and the look-up raise its reason."""
    reason: FetchReason = "connection"
    transient = False
    match error:
        case TransferError():
            if error.code in _BROKEN_OFF and error.size is not None:
                detail = f"the body broke off after {error.size:,} bytes"
                return DownloadError("incomplete", detail, told, transient=error.code != pycurl.E_BAD_CONTENT_ENCODING)
            reason, detail, transient = _by_code(error)
        case AddressRefusedError():
            reason, detail = "address_refused", str(error)
        case StalledError():
            reason, detail, transient = "timeout", "no answer in time", True
        case socket.gaierror():
            reason, detail = "dns", f"no address ({error.strerror})"
            transient = error.errno == socket.EAI_AGAIN
        case UnicodeError():
            reason, detail = "bad_url", f"cannot be asked for: {error}"
        case TooMuchHeadError():
            detail = f"does not speak HTTP: more than {MAX_HEAD_BYTES:,} bytes of headers"
        case _:  # of the operating system: no more sockets
            detail, transient = f"{error}", True
    return DownloadError(reason, f"{url.host}: {detail}", Answer(str(url)), transient=transient)


def _by_code(error: TransferError) -> tuple[FetchReason, str, bool]:
    """Reason, detail, and whether another try may help."""
    match error.code:
        case pycurl.E_OPERATION_TIMEDOUT:
            return "timeout", "no answer in time", True
        case pycurl.E_URL_MALFORMAT:
            return "bad_url", f"cannot be asked for: {error}", False
        case code if code in _TLS:
            return "connection", f"no TLS connection: {error}", error.by_system
        case code if code in _NETWORK:
            return "connection", f"{error}", True
    return "connection", f"does not speak HTTP: {error}", False


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
