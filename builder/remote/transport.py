"""HTTP to the API: credentials, problem documents as errors, and asking again when that may help."""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from ipaddress import ip_address
from urllib.parse import urlsplit

import requests
from pydantic import ValidationError
from requests import exceptions

from builder.errors import SettingError
from builder.remote.errors import ApiError, RefusedError
from builder.remote.models import Problem

TIMEOUT = (5.0, 60.0)  # seconds to connect, and between two bytes
PATIENCE = 90.0
"""Seconds over which a request is sent again."""
LONGEST_PAUSE = 8.0
"""Between two attempts, when the API does not say how long to wait."""

_AGAIN = {408, 429, 500, 502, 503, 504}
"""After these another attempt may help. Nothing is done twice, so that it is harmless too."""
_USELESS_TO_REPEAT = (exceptions.SSLError, exceptions.InvalidURL, exceptions.InvalidSchema, exceptions.MissingSchema)
_QUOTED = 200


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer below 400; `content` is empty for 304."""

    status: int
    content: bytes
    etag: str | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """How long the client keeps asking. `pause` waits so many seconds; `told` hears why, in a sentence."""

    patience: float = PATIENCE
    pause: Callable[[float], None] = time.sleep
    told: Callable[[str], None] = lambda _: None
    clock: Callable[[], float] = time.monotonic


def anonymous(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """No credentials, and none out of a ~/.netrc either, which requests would look into."""
    return request


def base_of(address: str, *, key: str | None, plain_http: bool = False) -> str:
    """The API's base for `address`, which may leave out /api/v1; no trailing slash.

    Raises SettingError for what is no http(s) address, and where a key would go unencrypted to another machine.
    """
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment or parts.username:
        msg = f"{address!r} is no address of an API: write it as https://pixcrawler.example.org"
        raise SettingError(msg)
    if key and parts.scheme == "http" and not plain_http and not _is_loopback(parts.hostname):
        msg = f"the API key would go to {parts.hostname} unencrypted: use https, or allow it with --plain-http"
        raise SettingError(msg)
    path = parts.path.rstrip("/")
    return f"{parts.scheme}://{parts.netloc}{path or '/api/v1'}"


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Transport:
    """Requests to the API at `base` (see `base_of`). Not to be shared by threads."""

    def __init__(self, base: str, key: str | None, waiting: Waiting, *, proxies: bool = True) -> None:
        self.base = base
        self.waiting = waiting
        self.session = requests.Session()
        self.session.trust_env = proxies
        self._key = key

    def ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        told: Callable[[str], None] | None = None,
    ) -> Reply:
        """Send a request that may be sent twice, until it is answered or the patience is at its end.

        Raises RefusedError for 4xx, ApiError for anything else that is no answer.
        """
        waiting = self.waiting
        end = waiting.clock() + waiting.patience
        attempt = 0
        while True:
            try:
                with self.open(method, path, params=params, body=body, headers=headers) as response:
                    return Reply(response.status_code, response.content, response.headers.get("etag"))
            except requests.RequestException as broken:  # in the middle of the body
                error = self._unreachable(broken)
            except ApiError as refused:
                error = refused
            seconds = wait_of(error, attempt)
            if not error.again or waiting.clock() + seconds > end:
                raise error from None
            (told or waiting.told)(f"{error} Trying again in {seconds:.0f} s.")
            waiting.pause(seconds)
            attempt += 1

    def open(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: tuple[float, float] = TIMEOUT,
    ) -> requests.Response:
        """The answer below 400 with its body unread; raises as `ask` does, without asking again."""
        sent = {"Accept": "application/json", **(headers or {})}
        if body is not None:
            sent["Content-Type"] = "application/json"
        try:
            response = self.session.request(
                method, self.base + path, params=params, data=body, headers=sent, timeout=timeout, stream=True,
                auth=self._sign, allow_redirects=False,
            )  # fmt: skip
        except requests.RequestException as error:
            raise self._unreachable(error) from None
        if response.is_redirect:
            msg = f"the API at {self.base} sends on to {response.headers.get('location')}: give that address instead"
            response.close()
            raise ApiError(msg)
        if response.status_code >= HTTPStatus.BAD_REQUEST:
            with response:
                raise refusal(response, f"{method} {path}")
        return response

    def _sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        # A callable, for requests would put the words of a ~/.netrc over a header.
        if self._key:
            request.headers["Authorization"] = f"Bearer {self._key}"
        return request

    def _unreachable(self, error: requests.RequestException) -> ApiError:
        msg = f"the API at {self.base} does not answer: {error}"
        return ApiError(msg, again=not isinstance(error, _USELESS_TO_REPEAT))


def refusal(response: requests.Response, asked: str) -> ApiError:
    """The error that an answer of 400 and more stands for; `asked` says what was asked for."""
    status = response.status_code
    try:
        content = response.content
    except requests.RequestException:
        content = b""
    try:
        problem = Problem.model_validate_json(content)
        said, kind = str(problem), problem.kind
    except ValidationError:
        said, kind = content.decode(errors="replace")[:_QUOTED], ""
    msg = f"the API answered {status} to {asked}: {said}"
    wait = retry_after(response.headers.get("retry-after"))
    # 409 with a time to wait: the same request is being worked on, as its first answer was lost.
    again = status in _AGAIN or (status == HTTPStatus.CONFLICT and wait is not None)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ApiError(msg, retry_after=wait, again=again)
    return RefusedError(msg, status=status, kind=kind, retry_after=wait, again=again)


def retry_after(text: str | None) -> float | None:
    """Seconds of a Retry-After: a number, or a date (RFC 9110, section 10.2.3); None without one that can be read."""
    if text is None:
        return None
    if text.strip().isascii() and text.strip().isdecimal():
        return float(text)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max((until - datetime.now(UTC)).total_seconds(), 0.0)


def wait_of(error: ApiError, attempt: int) -> float:
    """Seconds until the next attempt: as the API asks, or else longer each time, and never all clients at once."""
    if error.retry_after is not None:
        return error.retry_after
    longest: float = min(0.5 * 2**attempt, LONGEST_PAUSE)
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 - nothing to guess
