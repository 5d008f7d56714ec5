"""An issuer's public keys (RFC 7517): fetched, kept for a while, fetched again when a key is new."""

import json
import math
import threading
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from shared.settings import settings

if TYPE_CHECKING:
    from jwt import PyJWK

TIMEOUT_SECONDS = 5.0
MAX_BYTES = 512_000
FAILED_SECONDS = 5.0
"""How long a failed fetch is not tried again."""
STALE_SECONDS = 24 * 3600.0
"""How long keys still count while their issuer cannot be reached."""
_ASYMMETRIC = frozenset({"RSA", "EC", "OKP"})


class UnknownKeyError(Exception):
    """The issuer has no such key."""


class UnavailableError(Exception):
    """The issuer's keys cannot be had; `seconds` until it is tried again."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"the keys cannot be fetched; tried again in {seconds} s")
        self.seconds = seconds


class KeySet:
    """The keys at `url`, by their `kid`, for threads.

    They are fetched when they are older than `fresh_seconds`, or when a `kid` is asked for that is not among them (the
    issuer rotated), but then at most every `refetch_seconds`: whoever invents `kid`s causes no traffic. Keys that
    cannot be fetched anew count for a day; those at hand are used while another thread fetches.
    """

    def __init__(
        self, url: str, *, fresh_seconds: float, refetch_seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.url = url
        self._fresh, self._refetch, self._clock = fresh_seconds, refetch_seconds, clock
        self._lock = threading.Lock()
        self._keys: Mapping[str, PyJWK] = {}
        self._fetched = -math.inf  # when it last worked
        self._tried = -math.inf
        self._failed = False

    def key(self, kid: str) -> "PyJWK":
        """The key of that id; UnknownKeyError, or UnavailableError when it cannot be known whether there is one."""
        if self._is_due(kid) and self._lock.acquire(blocking=not self._has(kid)):
            try:
                if self._is_due(kid):
                    self._fetch()
            finally:
                self._lock.release()
        if self._has(kid):
            return self._keys[kid]
        if self._failed:
            raise UnavailableError(max(1, math.ceil(self._tried + FAILED_SECONDS - self._clock())))
        raise UnknownKeyError

    def _has(self, kid: str) -> bool:
        return kid in self._keys and self._clock() - self._fetched < self._fresh + STALE_SECONDS

    def _is_due(self, kid: str) -> bool:
        now = self._clock()
        if self._failed:
            wanted = FAILED_SECONDS
        elif now - self._fetched >= self._fresh:
            wanted = 0.0
        else:
            wanted = math.inf if kid in self._keys else self._refetch
        return now - self._tried >= wanted

    def _fetch(self) -> None:
        self._tried = self._clock()
        try:
            self._keys = read_keys(fetch(self.url))
        except (OSError, ValueError, RecursionError):  # what requests raises are OSErrors
            self._failed = True
        else:
            self._fetched, self._failed = self._tried, False


@lru_cache(maxsize=64)
def key_set(url: str) -> KeySet:
    """The keys at that address, kept by this process."""
    config = settings()
    return KeySet(url, fresh_seconds=config.jwks_cache_seconds, refetch_seconds=config.jwks_refetch_seconds)


def fetch(url: str) -> bytes:
    """What is at the address; OSError when that is too slow, too long, or not 200.

    The address is the operator's, not a user's: the address guard is not asked, and redirects are not followed.
    """
    import requests
    from urllib3.exceptions import HTTPError

    deadline = time.monotonic() + TIMEOUT_SECONDS
    with requests.get(url, timeout=TIMEOUT_SECONDS, stream=True, allow_redirects=False) as response:
        if response.status_code != requests.codes.ok:
            msg = f"{response.status_code} instead of keys"
            raise OSError(msg)
        body = bytearray()
        try:
            # As it comes: `iter_content` would wait for a whole piece, however long its bytes take.
            while piece := response.raw.read1(8_192, decode_content=True):
                body += piece
                if len(body) > MAX_BYTES or time.monotonic() > deadline:
                    msg = "the keys are too long or take too long"
                    raise OSError(msg)
        except HTTPError as error:
            msg = f"the keys did not come to their end ({type(error).__name__})"
            raise OSError(msg) from None
    return bytes(body)


def read_keys(body: bytes) -> dict[str, "PyJWK"]:
    """The keys that can verify signatures, by `kid`; what cannot is passed over. ValueError when it is no key set."""
    from jwt import PyJWK
    from jwt.exceptions import PyJWTError

    document = json.loads(body)
    listed: list[Any] | None = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        msg = "no key set: a JSON object with `keys` is wanted"
        raise ValueError(msg)  # noqa: TRY004 (of JSON, not of an argument)
    found: dict[str, PyJWK] = {}
    for one in listed:
        if not isinstance(one, dict) or not isinstance(one.get("kid"), str):
            continue
        if one.get("kty") not in _ASYMMETRIC or one.get("use", "sig") != "sig":
            continue
        try:
            found[one["kid"]] = PyJWK(one)
        except (PyJWTError, ValueError, TypeError, KeyError):  # one odd key must not lock everybody out
            continue
    return found
