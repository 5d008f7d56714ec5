"""Log lines for people: what is JSON in a service's log is a coloured line where a terminal shows it."""

import json

from structlog.dev import ConsoleRenderer

_TEXTS = ("level", "logger", "time", "exception", "stack")  # what the renderer takes for text

_FOR_MACHINES = ("invocation_id", "span_id")


class Readable:
    """Takes output piece by piece, as a pipe gives it, and gives whole lines; what is no log line stays as it is."""

    def __init__(self) -> None:
        self._rest = b""
        self._render = ConsoleRenderer(colors=True, pad_event_to=0, timestamp_key="time", event_key="message")

    def feed(self, piece: bytes) -> bytes:
        """All lines that are complete with this piece; an empty one ends the output and gives what is left."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        if not piece and self._rest:
            lines, self._rest = [*lines, self._rest], b""
        return b"".join(self._line(line) + b"\n" for line in lines)

    def _line(self, line: bytes) -> bytes:
        try:
            record = json.loads(line)
        except ValueError:
            return line
        if not isinstance(record, dict) or not isinstance(record.get("message"), str):
            return line
        if not all(isinstance(record.get(name, ""), str) for name in _TEXTS):
            return line
        shown = {name: value for name, value in record.items() if name not in _FOR_MACHINES}
        return str(self._render(None, "", shown)).encode()
