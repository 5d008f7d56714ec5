"""The SDK's two clients behind one set of awaitable calls, so that a test is written once and runs with both."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from azure.cosmos import CosmosClient
from azure.cosmos.aio import CosmosClient as AioClient


class Awaitable:
    """A sync client, database or container whose calls can be awaited as those of the aio one."""

    def __init__(self, proxy: Any) -> None:
        self._proxy = proxy

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._proxy, name)
        if name.startswith(("query_", "list_", "read_all_", "get_", "read_feed_ranges")):
            return lambda *args, **options: _wrapped(method(*args, **options))

        async def call(*args: Any, **options: Any) -> Any:
            return _wrapped(method(*args, **options))

        return call


def _wrapped(result: Any) -> Any:
    return Awaitable(result) if type(result).__name__ in {"DatabaseProxy", "ContainerProxy"} else result


@asynccontextmanager
async def client(flavour: str, endpoint: str, key: str, **options: Any) -> AsyncIterator[Any]:
    """An open client, `sync` or `aio`."""
    if flavour == "sync":
        with CosmosClient(endpoint, key, **options) as plain:
            yield Awaitable(plain)
    else:
        async with AioClient(endpoint, key, **options) as aio:
            yield aio


async def everything(paged: Any) -> list[Any]:
    """All items of a paged result of either client."""
    return [item async for item in paged] if hasattr(paged, "__aiter__") else list(paged)


def query(container: Any, text: str, **options: Any) -> Any:
    """The paged result of a query; without a partition key, over all partitions, which only the sync client asks."""
    if isinstance(container, Awaitable) and not {"partition_key", "feed_range"} & options.keys():
        options["enable_cross_partition_query"] = True
    options["parameters"] = [{"name": name, "value": value} for name, value in options.pop("values", {}).items()]
    return container.query_items(text, **options)


async def page_by_page(paged: Any, token: str | None = None, limit: int | None = None) -> tuple[list[list[Any]], Any]:
    """Pages from `token` on, at most `limit` of them, and the token after the last."""
    pages: list[list[Any]] = []
    iterator = paged.by_page(token)
    while limit is None or len(pages) < limit:
        try:
            page = await anext(iterator) if hasattr(iterator, "__anext__") else next(iterator)
        except (StopIteration, StopAsyncIteration):
            break
        pages.append(await everything(page))
    return pages, iterator.continuation_token
