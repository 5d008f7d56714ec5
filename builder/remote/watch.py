"""Following a dataset: server-sent events, taken up again where the line was cut, or else polling."""

from collections.abc import Iterator
from http import HTTPStatus

import requests
from urllib3.exceptions import HTTPError

from builder.remote.errors import ApiError, RefusedError
from builder.remote.events import Event, ProgressEvent, StateEvent, Told, messages
from builder.remote.models import FINAL, Dataset, understood
from builder.remote.transport import Transport, wait_of

SILENCE = (5.0, 50.0)
"""Seconds to connect, and without a byte: the API sends a comment every 15."""
POLL_SECONDS = 2.0
MOST_FAILURES = 3
"""Streams in a row that gave not a byte; then the dataset is asked for instead."""
RETRY_SECONDS = 2.0

_NO_EVENTS = {
    HTTPStatus.NOT_FOUND,
    HTTPStatus.METHOD_NOT_ALLOWED,
    HTTPStatus.NOT_ACCEPTABLE,
}  # the dataset may be there all the same: then the API, or what stands before it, has no events


class Watch:
    """Events of one dataset. `last_id` is the id of the newest, to go on from in another process."""

    def __init__(self, transport: Transport, dataset: str, last_id: str | None = None) -> None:
        self._transport, self._path = transport, f"/datasets/{dataset}"
        self.last_id = last_id
        self._retry = RETRY_SECONDS
        self._came = False
        self._newest: dict[str, Told] = {}

    def __iter__(self) -> Iterator[Event]:
        """Every event from `last_id` on, to the final state. Raises RefusedError and ApiError."""
        failures = 0
        while failures < MOST_FAILURES:
            self._came = False
            wait: ApiError | None = None
            try:
                for event in self._stream():
                    yield event
                    if _is_last(event):
                        return
            except RefusedError as error:
                if error.status in _NO_EVENTS:
                    break
                if not error.again:
                    raise
                wait = error
            except ApiError as error:
                if not error.again:
                    break
                wait = error
            failures = 0 if self._came else failures + 1
            self._transport.waiting.pause(self._retry if wait is None else wait_of(wait, failures))
        yield from self._poll()

    def _stream(self) -> Iterator[Event]:
        """Events of one connection, until it ends; what is no event stream gives ApiError."""
        headers = {"Accept": "text/event-stream", "Accept-Encoding": "identity"}
        if self.last_id is not None:
            headers["Last-Event-ID"] = self.last_id
        with self._transport.open("GET", f"{self._path}/events", headers=headers, timeout=SILENCE) as response:
            kind = response.headers.get("content-type", "")
            if not kind.startswith("text/event-stream"):
                msg = f"the API answered {kind or 'nothing'} where events should come"
                raise ApiError(msg)
            for message in messages(self._pieces(response)):
                if message.retry is not None:
                    self._retry = message.retry
                self.last_id = message.id or self.last_id
                event = Event.of(message)
                if event is not None:
                    self._newest[event.kind] = event.told
                    yield event

    def _pieces(self, response: requests.Response) -> Iterator[bytes]:
        """Bytes as they come, until the line is cut or silent; not `iter_content`, which waits for a piece to fill."""
        try:
            while piece := response.raw.read1(1 << 16):
                self._came = True
                yield piece
        except (HTTPError, OSError):
            return

    def _poll(self) -> Iterator[Event]:
        """The same state and progress events, by asking again and again; an unchanged dataset costs a 304."""
        etag: str | None = None
        while True:
            headers = {"If-None-Match": etag} if etag else {}
            reply = self._transport.ask("GET", self._path, headers=headers)
            if reply.status != HTTPStatus.NOT_MODIFIED:
                etag = reply.etag
                for event in self._news(understood(Dataset, reply.content, f"GET {self._path}")):
                    yield event
                    if _is_last(event):
                        return
            self._transport.waiting.pause(POLL_SECONDS)

    def _news(self, dataset: Dataset) -> Iterator[Event]:
        """What has changed since the newest events; the final state comes last."""
        final = dataset.state in FINAL or dataset.state == "deleting"
        state = StateEvent(state=dataset.state, stage=dataset.stage, error=dataset.error, final=final)
        found: list[tuple[str, Told]] = [("state", state), ("progress", ProgressEvent(labels=dataset.progress.labels))]
        for kind, told in reversed(found) if final else found:
            if self._newest.get(kind) != told:
                self._newest[kind] = told
                yield Event(kind, told)


def _is_last(event: Event) -> bool:
    return isinstance(event.told, StateEvent) and event.told.final
