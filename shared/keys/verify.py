"""Who a key stands for: looked up, compared, remembered for some seconds."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import timedelta

from shared.access import Principal
from shared.documents import now
from shared.keys import store
from shared.keys.store import KeyDocument
from shared.keys.text import Key, read_key
from shared.problems import ProblemError, unauthorized
from shared.settings import settings

MAX_REMEMBERED = 10_000
USE_INTERVAL = timedelta(minutes=1)


class EndedKeyError(ProblemError):
    """401: the whole key was given, and it is revoked or expired; `principal` is whom it stood for."""

    def __init__(self, why: str, principal: Principal) -> None:
        told = unauthorized(
            f"This API key is {why}: ask an administrator of your tenant for a new one.", error="invalid_token"
        )
        super().__init__(told.status, told.kind, told.title, told.detail, headers=told.headers)
        self.why, self.principal = why, principal


class Remembered:
    """Documents of keys by prefix, each for `seconds` by `clock`, at most `MAX_REMEMBERED`; safe between threads.

    Prefixes that nobody has are not remembered: a key works from the moment that it is made.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._found: OrderedDict[str, tuple[float, KeyDocument]] = OrderedDict()

    def get(self, prefix: str, seconds: float) -> KeyDocument | None:
        """The document if it was read within the last `seconds`."""
        with self._lock:
            read, document = self._found.get(prefix, (0.0, None))
        return document if document is not None and self._clock() - read < seconds else None

    def put(self, document: KeyDocument) -> None:
        """Keep a document that has just been read."""
        with self._lock:
            self._found[document.id] = (self._clock(), document)
            self._found.move_to_end(document.id)
            if len(self._found) > MAX_REMEMBERED:
                self._found.popitem(last=False)

    def forget(self, prefix: str) -> None:
        """Read the document anew next time."""
        with self._lock:
            self._found.pop(prefix, None)


remembered = Remembered()
"""Of this process. A key that is revoked elsewhere counts here until its document is read anew."""


def parse(text: str) -> Key:
    """The key in a request; `ProblemError` 401 when it is no whole key, told without a look at the database."""
    key = read_key(text)
    if key is None:
        detail = "This is no whole API key of this service: see whether it was copied to its last character."
        raise unauthorized(detail, error="invalid_token")
    return key


def from_memory(key: Key) -> KeyDocument | None:
    """The document of a key that counts, if it has been looked up lately; None: ask `look_up`. Raises like that."""
    document = remembered.get(key.prefix, settings().key_cache_seconds)
    return None if document is None else _checked(key, document)


def look_up(key: Key) -> KeyDocument:
    """The document of a key that counts, read from the database.

    `ProblemError` 401 for one that is unknown, revoked or expired; which of these is told only to who has the secret.
    """
    document = store.find(key.prefix)
    if document is not None:
        remembered.put(document)
    return _checked(key, document)


def use_is_due(document: KeyDocument) -> bool:
    """Whether the last use that is written down is so long ago that this one should be."""
    return document.used is None or now() - document.used >= USE_INTERVAL


def _checked(key: Key, document: KeyDocument | None) -> KeyDocument:
    if document is None or not key.is_of(document.digest):
        detail = "This API key is not known here: see which service and environment it was made for."
        raise unauthorized(detail, error="invalid_token")
    why = document.ended(now())
    if why is not None:
        raise EndedKeyError(why, document.principal)
    return document
