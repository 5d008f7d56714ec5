"""Queries through the real SDK: the same text, the same answer from the stand-in, a second opinion and Azure."""

from typing import Any

import pytest
from azure.cosmos import CosmosClient
from azure.cosmos.exceptions import CosmosHttpResponseError

from tests.local.cosmos.cases import BAD, CASES, PAGED, Case
from tests.local.cosmos.conftest import Service
from tests.local.cosmos.drivers import everything, page_by_page, query
from tests.local.cosmos.library import BOOKS

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.text)
async def test_a_query_gives_its_answer(books: Any, case: Case) -> None:
    options = {"partition_key": case.shelf} if case.shelf else {}

    found = await everything(query(books, case.text, values=case.values, **options))

    if case.ordered:
        assert found == case.expected
    else:
        assert sorted(map(repr, found)) == sorted(map(repr, case.expected))


async def test_a_query_in_a_partition_sees_that_partition_alone(books: Any) -> None:
    found = await everything(query(books, "SELECT * FROM c", partition_key="play"))

    assert {book["id"] for book in found} == {"faust", "hamlet"}


async def test_select_star_gives_whole_documents(books: Any) -> None:
    found = await everything(query(books, "SELECT * FROM c WHERE c.id = 'emma'"))

    assert len(found) == 1
    assert found[0].items() >= BOOKS[0].items()
    assert found[0].keys() >= {"_rid", "_self", "_etag", "_ts"}


async def test_all_items_can_be_listed(books: Any) -> None:
    assert {book["id"] for book in await everything(books.read_all_items())} == {book["id"] for book in BOOKS}


async def test_groups_across_partitions(books: Any) -> None:
    text = "SELECT c.shelf, COUNT(1) AS n, MAX(c.year) AS latest FROM c GROUP BY c.shelf"

    found = await everything(query(books, text))

    assert sorted(found, key=lambda group: str(group["shelf"])) == [
        {"shelf": "novel", "n": 2, "latest": 1897},
        {"shelf": "play", "n": 2, "latest": 1808},
        {"shelf": "science", "n": 2, "latest": 1859},
    ]


@pytest.mark.parametrize("text", PAGED)
@pytest.mark.parametrize("size", [1, 3])
async def test_pages_resumed_from_their_tokens_make_up_the_whole(books: Any, text: str, size: int) -> None:
    whole = await everything(query(books, text))

    pages: list[list[Any]] = []
    token = None
    while token or not pages:
        # A new query each time: nothing but the token tells where to go on.
        (page,), token = await page_by_page(query(books, text, max_item_count=size), token, limit=1)
        pages.append(page)

    assert [row for page in pages for row in page] == whole
    assert all(len(page) == size for page in pages[:-1])


async def test_pages_in_a_partition(books: Any) -> None:
    pages, token = await page_by_page(query(books, "SELECT VALUE c.id FROM c", partition_key="play", max_item_count=1))

    assert sorted(pages) == [["faust"], ["hamlet"]]
    assert not token


async def test_what_goes_between_two_pages_hides_nothing_else(container: Any) -> None:
    for number in range(6):
        await container.create_item({"id": str(number), "pk": "a"})
    text = "SELECT VALUE c.id FROM c ORDER BY c.id"
    pages, token = await page_by_page(query(container, text, partition_key="a", max_item_count=2), limit=1)
    for gone in ("0", "1", "2"):
        await container.delete_item(gone, "a")

    rest, _ = await page_by_page(query(container, text, partition_key="a", max_item_count=2), token)

    assert pages == [["0", "1"]]
    assert [row for page in rest for row in page] == ["3", "4", "5"]


@pytest.mark.parametrize("text", BAD)
async def test_a_query_without_meaning_is_refused(books: Any, text: str) -> None:
    with pytest.raises(CosmosHttpResponseError) as caught:
        await everything(query(books, text, partition_key="novel"))

    assert caught.value.status_code == 400
    assert BAD[text] in str(caught.value)


async def test_a_query_over_all_partitions_must_be_asked_for(service: Service) -> None:
    # The aio client always asks.
    with CosmosClient(service.endpoint, service.key, enable_endpoint_discovery=service.discovery) as client:
        books = client.get_database_client(service.database).get_container_client("library")

        with pytest.raises(CosmosHttpResponseError) as caught:
            list(books.query_items("SELECT * FROM c"))

    assert caught.value.status_code == 400
    assert "Cross partition query is required but disabled" in str(caught.value)
