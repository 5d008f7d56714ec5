"""Live progress over HTTP: server-sent events (WHATWG HTML, section 9.2) of one dataset."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from functions.datasets import dataset_id
from functions.http import Query, asked, in_thread
from functions.operations import Blueprint
from functions.stages.identify import caller
from shared import datasets
from shared.problems import bad_parameter
from shared.settings import settings
from shared.streams import Streams

if TYPE_CHECKING:
    from shared.live import Position

routes = Blueprint("datasets")
bp = routes.bp

_RETRY_MILLISECONDS = 2_000
_GRACE_SECONDS = 60
_streams = Streams()
_HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}  # the second for nginx in between


class EventQuery(Query):
    """From where on."""

    last_event_id: str | None = Field(
        default=None,
        max_length=20_000,
        pattern=r"^[0-9a-z._-]*$",
        description="for clients that cannot send the header Last-Event-ID",
    )


@routes.operation(
    "GET",
    "v1/datasets/{dataset}/events",
    role="viewer",
    query=EventQuery,
    answers={200: ("text/event-stream",)},
)
async def watch_dataset(request: Request) -> Response:
    """What happens to a dataset, as it happens: server-sent events that end with its final state.

    Events are `state`, `progress`, `shard`, `label` and `warning`, each with an id. A client that comes back names the
    last in `Last-Event-ID` and misses nothing. Comments keep the connection awake. The stream ends after some minutes
    also when the dataset is still being built: come back then. 429 `too-many-streams` when too many are open.
    """
    from shared.live import Position, PositionError

    query = asked(request, EventQuery)
    document = await in_thread(datasets.get, caller(request).tenant, dataset_id(request))
    last = request.headers.get("last-event-id") or query.last_event_id
    try:
        position = Position.parse(last, document.spec) if last else Position()
    except PositionError as error:
        raise bad_parameter("last_event_id", f"{error}: leave it out to hear everything from the start") from None
    principal = caller(request)
    most, seconds = settings().open_streams, settings().events_minutes * 60 + _GRACE_SECONDS
    close = _streams.open(f"{principal.tenant}\n{principal.subject}", most, seconds)
    return EventResponse(_stream(document.owner, document.id, position), close)


class EventResponse(StreamingResponse):
    """A stream of events; `close` is called when it ends, however it does."""

    def __init__(self, events: AsyncIterator[bytes], close: Callable[[], None]) -> None:
        super().__init__(events, media_type="text/event-stream", headers=_HEADERS)
        self._close = close

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._close()


async def _stream(owner: str, dataset: str, position: "Position") -> AsyncIterator[bytes]:
    """Events after `position` until the dataset is final or the time is over, and comments while nothing happens."""
    from shared.feed import listening
    from shared.live import events

    config = settings()
    clock = asyncio.get_running_loop().time
    end = clock() + config.events_minutes * 60
    number = 0
    yield f"retry: {_RETRY_MILLISECONDS}\n\n".encode()
    async with listening(owner, dataset) as feed:
        while (left := end - clock()) > 0:
            try:
                async with asyncio.timeout(min(config.events_heartbeat_seconds, left)):
                    shown = await feed.after(number)
            except TimeoutError:
                yield b": nothing new\n\n"
                continue
            if shown is None:
                return
            number, snapshot = shown
            for kind, event, after in events(snapshot, position):
                position = after
                yield f"event: {kind}\nid: {position}\ndata: {event.model_dump_json()}\n\n".encode()
            if snapshot.over:
                return
