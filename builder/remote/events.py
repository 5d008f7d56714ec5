"""Server-sent events: the wire format (WHATWG HTML, section 9.2), and this API's events in it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Self

from pydantic import ValidationError

from builder.remote.models import Answer, LabelProgress, State


@dataclass(frozen=True, slots=True)
class Message:
    """An event as it came: `id` is the last one given, by it or before it; `retry` in seconds, if ever said."""

    event: str
    data: str
    id: str | None
    retry: float | None


class Counts(Answer):
    """What became of a shard's candidates."""

    candidates: int = 0
    accepted: int = 0
    rejected: int = 0
    failed: int = 0


class StateEvent(Answer):
    """The dataset came to another state or stage. After a `final` one nothing comes."""

    state: State
    stage: str | None = None
    error: str | None = None
    final: bool = False


class ProgressEvent(Answer):
    """How far all labels are; only the newest counts."""

    labels: tuple[LabelProgress, ...] = ()


class ShardEvent(Answer):
    """A shard of a label was validated."""

    label: str
    number: int
    counts: Counts = Counts()


class LabelEvent(Answer):
    """A label has its images, or its sources have no more."""

    label: str
    reached: bool
    accepted: int
    target: int


class WarningEvent(Answer):
    """Sources failed, or a shard was given up."""

    label: str
    message: str
    sources: tuple[str, ...] = ()
    shard: int | None = None


type Told = StateEvent | ProgressEvent | ShardEvent | LabelEvent | WarningEvent

KINDS: dict[str, type[Told]] = {
    "state": StateEvent,
    "progress": ProgressEvent,
    "shard": ShardEvent,
    "label": LabelEvent,
    "warning": WarningEvent,
}


@dataclass(frozen=True, slots=True)
class Event:
    """What happened; `id` is where to go on from, None when it was found by polling."""

    kind: str
    told: Told
    id: str | None = None

    @classmethod
    def of(cls, message: Message) -> Self | None:
        """The event in a message; None for kinds and forms that this client does not know."""
        model = KINDS.get(message.event)
        if model is None:
            return None
        try:
            return cls(message.event, model.model_validate_json(message.data), message.id)
        except ValidationError:
            return None


def messages(pieces: Iterable[bytes]) -> Iterator[Message]:
    """The messages in a stream of bytes, each as soon as the blank line after it is there.

    What the end of the stream cuts off is no message.
    """
    event, data = "", list[str]()
    last: str | None = None
    retry: float | None = None
    for line in _lines(pieces):
        if not line:
            if data:
                yield Message(event or "message", "\n".join(data), last, retry)
            event, data = "", []
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        match name:
            case "event":
                event = value
            case "data":
                data.append(value)
            case "id" if "\0" not in value:
                last = value
            case "retry" if value.isascii() and value.isdecimal():
                retry = int(value) / 1000
            case _:  # a comment, or a field of a later standard
                pass


def _lines(pieces: Iterable[bytes]) -> Iterator[str]:
    """Lines that end in LF, CR LF or CR, wherever the pieces are cut; without a byte order mark at the start."""
    rest, first = b"", True
    for piece in pieces:
        rest += piece
        held = rest.endswith(b"\r")  # an LF may follow, which is no line of its own
        whole = (rest[:-1] if held else rest).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *lines, rest = whole.split(b"\n")
        rest += b"\r" if held else b""
        for line in lines:
            yield (line.removeprefix(b"\xef\xbb\xbf") if first else line).decode(errors="replace")
            first = False
