"""Structured logs: one JSON object per line, or coloured lines on a terminal (`local.readable` for the supervisor's).

Everything goes through the standard library's root logger, so the app may use `logging` or configure structlog as it
likes; whatever is bound in structlog's context variables (the invocation, for one) is on every line.
"""

import logging
import sys

import structlog

_QUIET = ("azure", "azure.functions.DurableFunctions", "durabletask", "grpc", "uvicorn", "asyncio")


def configure_logs(level: int = logging.INFO) -> None:
    """Send all records of `level` and above to standard error; the libraries' own chatter only from WARNING."""
    colours = sys.stderr.isatty()
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
    ]
    rendering: list[structlog.typing.Processor] = (
        [structlog.dev.ConsoleRenderer(timestamp_key="time")]
        if colours
        else [
            structlog.processors.format_exc_info,
            structlog.processors.EventRenamer("message"),
            structlog.processors.JSONRenderer(default=str),
        ]
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
