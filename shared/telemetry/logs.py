"""Log lines: JSON objects, or coloured ones for people; each with its trace, and none with a secret.

On Azure the worker has a handler of its own, which hands lines to the host: it is given these formats. What a handler
formats by itself (the local stack's) passes the redaction all the same.
"""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any, Literal, TextIO

from shared.telemetry import trace
from shared.telemetry.fields import fields
from shared.telemetry.redact import is_suspicious, redact, redact_line, redacted

Format = Literal["auto", "json", "console"]

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}
_QUIET = ("azure", "durabletask", "grpc", "uvicorn", "asyncio", "aiohttp", "urllib3", "opentelemetry")
"""Libraries that tell of every request at INFO, addresses and headers included."""

_COLOURS = {"debug": 2, "info": 32, "warning": 33, "error": 31, "critical": 35}


class ContextFilter(logging.Filter):
    """Puts onto each record what is known of the work under way; lets every record pass."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add what the record does not say by itself."""
        found = trace.ids()
        known = {**fields(), **({"trace_id": found[0], "span_id": found[1]} if found else {})}
        for name, value in known.items():
            if not hasattr(record, name):
                setattr(record, name, value)
        return True


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, then fields, then the exception."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line."""
        told = _told(self, record)
        try:
            line = json.dumps(told, default=str)
        except (TypeError, ValueError):  # a member whose name is no text, say
            return json.dumps(redacted(told))
        return json.dumps(redacted(told)) if is_suspicious(line) else line


class ConsoleFormatter(logging.Formatter):
    """A coloured line for people, and the exception below it."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as lines."""
        told = _told(self, record)
        time, level, logger, message = (told.pop(name) for name in ("time", "level", "logger", "message"))
        exception = told.pop("exception", None)
        extras = "".join(f" \x1b[36m{name}\x1b[0m={value}" for name, value in told.items())
        line = (
            f"\x1b[2m{time}\x1b[0m \x1b[{_COLOURS.get(level, 0)}m{level:<8}\x1b[0m {message} \x1b[2m[{logger}]\x1b[0m"
        )
        return redact(f"{line}{extras}" + (f"\n{exception}" if exception else ""))


class Redacting(logging.Formatter):
    """Another formatter's lines, redacted."""

    def __init__(self, inner: logging.Formatter) -> None:
        super().__init__()
        self.inner = inner

    def format(self, record: logging.LogRecord) -> str:
        """The record as the other formatter says it, without secrets."""
        return redact_line(self.inner.format(record))


class _Stderr(logging.StreamHandler[TextIO]):
    """Writes to what standard error is at the moment."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]  # the base keeps the one it was made with
        return sys.stderr


def configure(choice: Format) -> None:
    """Make the handlers of the root logger write such lines, once each; without any, standard error is written to.

    "auto" leaves a handler the format that it has; without one it gets colours on a terminal and JSON elsewhere.
    """
    root = logging.getLogger()
    if not root.handlers:
        root.addHandler(_Stderr())
        root.setLevel(logging.INFO)
    for handler in root.handlers:
        if not any(isinstance(one, ContextFilter) for one in handler.filters):
            handler.addFilter(ContextFilter())
            handler.setFormatter(_formatter(choice, handler.formatter))
    for name in _QUIET:
        if logging.getLogger(name).level == logging.NOTSET:
            logging.getLogger(name).setLevel(logging.WARNING)


def _formatter(choice: Format, present: logging.Formatter | None) -> logging.Formatter:
    if choice == "auto" and present is not None:
        return Redacting(present)
    return ConsoleFormatter() if choice == "console" or (choice == "auto" and sys.stderr.isatty()) else JsonFormatter()


def _told(formatter: logging.Formatter, record: logging.LogRecord) -> dict[str, Any]:
    told: dict[str, Any] = {
        "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": record.levelname.lower(),
        "logger": record.name,
        "message": record.getMessage(),
    }
    told |= {name: value for name, value in vars(record).items() if name not in _STANDARD and name not in told}
    if record.exc_info and record.exc_info[0] is not None:
        told["exception"] = formatter.formatException(record.exc_info)
    if record.stack_info:
        told["stack"] = record.stack_info
    return told
