import asyncio

import pytest
from starlette.responses import Response

from functions.operations import Operation
from functions.stages import conditional
from tests.functions.asking import request

READ = Operation("list_things", "GET", "v1/things", "viewer", "Things", "", {200: None})
CHANGE = Operation("make_thing", "POST", "v1/things", "editor", "Make", "", {200: None}, action="thing.make")


def ask(if_none_match: str | None = None, operation: Operation = READ, status: int = 200) -> Response:
    async def handler() -> Response:
        return Response(b"what there is", status)

    headers = {"if-none-match": if_none_match} if if_none_match else {}
    return asyncio.run(conditional.stage(operation, request("", headers), handler))


def test_a_read_has_a_tag_of_its_bytes() -> None:
    assert ask().headers["etag"] == conditional.etag_of(b"what there is")
    assert conditional.etag_of(b"what there is") != conditional.etag_of(b"what there was")


@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', "*"])
def test_who_has_it_is_sent_no_bytes(form: str) -> None:
    answer = ask(form.format(conditional.etag_of(b"what there is")))
    assert (answer.status_code, answer.body) == (304, b"")
    assert answer.headers["etag"] == conditional.etag_of(b"what there is")


def test_who_has_something_else_is_sent_all() -> None:
    assert ask('"other"').body == b"what there is"


@pytest.mark.parametrize(("operation", "status"), [(CHANGE, 200), (READ, 404)])
def test_what_is_no_good_read_has_no_tag(operation: Operation, status: int) -> None:
    assert "etag" not in ask("*", operation, status).headers
