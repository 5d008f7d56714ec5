"""Keeps the Cosmos DB client's answers to different threads apart.

The client (azure-cosmos 4.17) keeps the headers of its last answer on itself, and reads them again: a page of a query
gets its continuation token from there. With requests of several threads a page then ends with the token of another
query, or with none, and some requests fail because the headers change while they are copied.
"""

import threading
from typing import Any


class PerThread:
    """A descriptor: an attribute of an object that has another value in each thread, and is empty in a new one."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._place = f"_{name}_by_thread"

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        return getattr(self._local(instance), "value", None)

    def __set__(self, instance: object, value: object) -> None:
        self._local(instance).value = value

    def _local(self, instance: object) -> threading.local:
        # setdefault is atomic: two threads that come first get the same one.
        found: threading.local = instance.__dict__.setdefault(self._place, threading.local())
        return found


def keep_apart() -> None:
    """From now on every client has the headers of its last answer by thread."""
    from azure.cosmos._cosmos_client_connection import CosmosClientConnection

    if not isinstance(CosmosClientConnection.__dict__.get("last_response_headers"), PerThread):
        headers = PerThread()
        headers.__set_name__(CosmosClientConnection, "last_response_headers")
        CosmosClientConnection.last_response_headers = headers  # type: ignore[assignment]
