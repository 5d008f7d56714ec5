"""What every log line of a piece of work tells: whose it is, of which dataset, which operation. Context variables."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

_fields: ContextVar[Mapping[str, str]] = ContextVar("pixcrawler_log_fields")


def fields() -> Mapping[str, str]:
    """The fields of the work under way."""
    return _fields.get({})


def bind(**known: str | None) -> None:
    """Tell more, until the work under way (`scope`) is over; what is None is not known."""
    _fields.set({**fields(), **{name: value for name, value in known.items() if value is not None}})


@contextmanager
def scope(**known: str | None) -> Iterator[None]:
    """Work with fields of its own; what is bound inside is forgotten at its end."""
    token = _fields.set(fields())
    try:
        bind(**known)
        yield
    finally:
        _fields.reset(token)
