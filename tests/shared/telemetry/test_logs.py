import io
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from shared.telemetry import logs
from shared.telemetry.fields import bind, fields, scope
from shared.telemetry.trace import span

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    """The root logger without handlers, as a fresh process has it."""
    logger = logging.getLogger()
    before, level = logger.handlers, logger.level
    logger.handlers = []
    yield logger
    logger.handlers = before
    logger.setLevel(level)


def handler() -> tuple[logging.Handler, io.StringIO]:
    stream = io.StringIO()
    return logging.StreamHandler(stream), stream


def written(root: logging.Logger, choice: logs.Format, formatter: logging.Formatter | None = None) -> str:
    """What an error with an exception looks like."""
    one, stream = handler()
    one.setFormatter(formatter)
    root.handlers = [one]
    logs.configure(choice)
    log = logging.getLogger("a.b")
    try:
        raise ValueError("sig=leaked alice@example.org")  # noqa: TRY301
    except ValueError:
        with scope(dataset="d1"), span("work", PARENT):
            log.exception("it broke: %s", "Bearer leaked1234", extra={"seconds": 0.5})
    return stream.getvalue()


def test_a_json_line_tells_all(root: logging.Logger) -> None:
    line: dict[str, Any] = json.loads(written(root, "json"))
    assert list(line)[:4] == ["time", "level", "logger", "message"]
    assert line.pop("time").endswith("Z")
    assert "ValueError: sig=[redacted] [e-mail]" in line.pop("exception")
    assert len(line.pop("span_id")) == 16
    assert line == {
        "level": "error", "logger": "a.b", "message": "it broke: Bearer [redacted]", "seconds": 0.5, "dataset": "d1",
        "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
    }  # fmt: skip


def test_a_console_line_is_for_people(root: logging.Logger) -> None:
    first, *rest = written(root, "console").splitlines()
    assert "it broke: Bearer [redacted]" in first
    assert "dataset\x1b[0m=d1" in first
    assert rest[-1] == "ValueError: sig=[redacted] [e-mail]"


def test_a_format_that_is_there_stays_and_is_redacted(root: logging.Logger) -> None:
    text = written(root, "auto", logging.Formatter("%(message)s of %(dataset)s in %(trace_id)s"))
    assert text.splitlines()[0] == "it broke: Bearer [redacted] of d1 in 4bf92f3577b34da6a3ce929d0e0e4736"
    assert "leaked" not in text


def test_without_a_terminal_auto_means_json(root: logging.Logger) -> None:
    assert json.loads(written(root, "auto"))["level"] == "error"


def test_without_a_handler_standard_error_is_written_to(root: logging.Logger, monkeypatch: pytest.MonkeyPatch) -> None:
    root.handlers = []  # pytest has put its own there
    logs.configure("auto")
    logs.configure("auto")
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    logging.getLogger("a").info("hello")
    assert json.loads(stream.getvalue())["message"] == "hello"


def test_libraries_do_not_tell_of_every_request(root: logging.Logger) -> None:
    one, stream = handler()
    root.handlers = [one]
    root.setLevel(logging.DEBUG)
    logs.configure("json")
    logging.getLogger("azure.core.pipeline.policies.http_logging_policy").info("GET with headers")
    assert stream.getvalue() == ""


def test_what_cannot_be_json_is_told_as_text(root: logging.Logger) -> None:
    one, stream = handler()
    root.handlers = [one]
    logs.configure("json")
    logging.getLogger("a").error("x", extra={"what": object(), "many": {1: (b"b",)}})
    line = json.loads(stream.getvalue())
    assert line["what"].startswith("<object")
    assert line["many"] == {"1": ["b'b'"]}


def test_fields_end_with_their_scope() -> None:
    with scope(tenant="t"):
        bind(dataset="d", route=None)
        with scope(operation="o"):
            assert fields() == {"tenant": "t", "dataset": "d", "operation": "o"}
        assert fields() == {"tenant": "t", "dataset": "d"}
    assert fields() == {}
