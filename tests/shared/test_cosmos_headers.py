import threading
from typing import Any

import pytest

from shared import cosmos
from shared.cosmos_headers import PerThread


class Thing:
    value = PerThread()


def test_each_thread_and_each_object_has_its_own_value() -> None:
    thing, other = Thing(), Thing()
    thing.value = "here"
    seen: list[object] = []

    def elsewhere() -> None:
        seen.append(thing.value)
        thing.value = "there"
        seen.append(thing.value)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert seen == [None, "there"]
    assert (thing.value, other.value) == ("here", None)


@pytest.mark.usefixtures("stores")
def test_a_page_ends_with_its_own_cursor_whatever_another_thread_reads_meanwhile(owner: str) -> None:
    container = cosmos.container("datasets")
    for name in ("a", "b"):
        container.create_item({"id": name, "owner": owner})

    def read_elsewhere(*_: object) -> None:
        thread = threading.Thread(target=container.read_item, args=("a", owner))
        thread.start()
        thread.join()  # its answer has an ETag, which would be taken for the cursor

    sql = "SELECT VALUE c.id FROM c"
    asked = container.query_items(sql, partition_key=owner, max_item_count=1, response_hook=read_elsewhere).by_page()
    first: list[Any] = list(next(asked))
    cursor = asked.continuation_token  # type: ignore[attr-defined]  # of an iterator that by_page declares as any
    rest = container.query_items(sql, partition_key=owner, max_item_count=1).by_page(cursor)
    first += next(rest)
    assert sorted(first) == ["a", "b"]
