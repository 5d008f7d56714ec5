import json

import pytest
from starlette.responses import Response

from functions import docs
from functions.description.openapi import document
from tests.functions.asking import handler, request


async def asked(operation: object) -> Response:
    answer: Response = await handler(operation)(request())
    return answer


async def test_the_document_is_served() -> None:
    answer = await asked(docs.get_openapi)
    assert (answer.media_type, json.loads(bytes(answer.body))) == ("application/json", document())


async def test_the_page_is_served_with_a_policy_that_lets_nothing_else_in() -> None:
    answer = await asked(docs.read_docs)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")


async def test_the_collection_is_served() -> None:
    assert "collection/v2.1.0" in json.loads(bytes((await asked(docs.get_collection)).body))["info"]["schema"]


@pytest.mark.parametrize("operation", [docs.get_openapi, docs.read_docs, docs.get_collection])
async def test_anybody_may_keep_it_for_a_while(operation: object) -> None:
    assert (await asked(operation)).headers["cache-control"] == "public, max-age=300"
