import asyncio
from collections.abc import Iterator

import pytest
from starlette.responses import Response

from functions import stages
from functions.operations import Operation
from functions.stages import Proceed, identify, limit, problems
from shared.access import Principal
from shared.problems import ProblemError, not_found, unauthorized
from shared.settings import settings
from tests.functions.asking import request

READ = Operation("list_things", "GET", "v1/things", "viewer", "Things", "", {200: None})
OPEN = Operation("ping", "GET", "v1/ping", None, "Ping", "", {200: None})
FORWARDED = {"x-forwarded-for": "203.0.113.7:4711", "authorization": "Bearer pxc_wrong"}


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Three requests at once, and then one in a thousand seconds."""
    for name in ("REQUESTS_PER_SECOND", "REFUSED_PER_MINUTE"):
        monkeypatch.setenv(f"PIXCRAWLER_{name}", "0.001")
    for name in ("REQUESTS_BURST", "REFUSED_BURST"):
        monkeypatch.setenv(f"PIXCRAWLER_{name}", "3")
    settings.cache_clear()
    limit._buckets.cache_clear()
    yield
    settings.cache_clear()
    limit._buckets.cache_clear()


async def good() -> Response:
    return Response(b"what there is")


async def missing() -> Response:
    raise not_found("thing")


async def refused() -> Response:
    raise unauthorized("That key is not known.")


def ask(subject: str = "a", operation: Operation = READ, handler: Proceed = good) -> Response:
    asked = request()
    asked.state.principal = Principal("t", subject, "viewer")
    return asyncio.run(limit.stage(operation, asked, handler))


def guess(handler: Proceed = refused, **headers: str) -> Response:
    return asyncio.run(limit.guesses(READ, request("", {**FORWARDED, **headers}), handler))


def test_every_answer_says_what_is_left() -> None:
    assert [ask().headers["ratelimit"] for _ in range(3)] == [
        '"requests";r=2;t=1000', '"requests";r=1;t=2000', '"requests";r=0;t=3000',
    ]  # fmt: skip
    assert ask("b").headers["ratelimit-policy"] == '"requests";q=3;w=3000'


def test_an_answer_that_is_a_problem_says_it_too() -> None:
    with pytest.raises(ProblemError) as told:
        ask(handler=missing)
    assert (told.value.status, told.value.headers["ratelimit"]) == (404, '"requests";r=2;t=1000')


def test_too_many_are_refused_with_the_seconds_to_wait() -> None:
    for _ in range(3):
        ask()
    with pytest.raises(ProblemError) as told:
        ask()
    assert told.value.status == 429
    assert 990 <= int(told.value.headers["retry-after"]) <= 1000
    assert told.value.headers["ratelimit"].startswith('"requests";r=0;')
    assert told.value.document()["policy"] == "requests"


def test_principals_do_not_share() -> None:
    for _ in range(3):
        ask("a")
    assert ask("b").status_code == 200


def test_what_anybody_may_ask_has_no_limit() -> None:
    assert all("ratelimit" not in ask(operation=OPEN).headers for _ in range(10))


def test_no_rate_is_no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIXCRAWLER_REQUESTS_PER_SECOND", "0")
    settings.cache_clear()
    assert all("ratelimit" not in ask().headers for _ in range(10))


def test_an_address_that_guesses_is_refused_even_when_it_is_right() -> None:
    for _ in range(3):
        with pytest.raises(ProblemError, match="not known"):
            guess()
    with pytest.raises(ProblemError) as told:
        guess(good)
    assert (told.value.status, told.value.headers["ratelimit"][:24]) == (429, '"wrong-credentials";r=0;')
    assert guess(good, **{"x-forwarded-for": "203.0.113.8:4711"}).status_code == 200


def test_right_credentials_and_none_cost_nothing() -> None:
    for _ in range(10):
        assert guess(good).status_code == 200
        with pytest.raises(ProblemError, match="not known"):
            asyncio.run(limit.guesses(READ, request("", {"x-forwarded-for": "203.0.113.7"}), refused))
    with pytest.raises(ProblemError, match="thing"):
        guess(missing)
    assert guess(good).status_code == 200


def test_guesses_are_counted_before_keys_are_looked_at_and_requests_after() -> None:
    order = [stages.STAGES.index(one) for one in (problems.stage, limit.guesses, identify.stage, limit.stage)]
    assert order == sorted(order)


def test_addresses_of_one_subscriber_count_as_one() -> None:
    for number in range(3):
        with pytest.raises(ProblemError, match="not known"):
            guess(refused, **{"x-forwarded-for": f"2001:db8::{number}"})
    for address, status in (("2001:db8::ffff", 429), ("2001:db8:0:1::1", 401), ("203.0.113.8", 401)):
        with pytest.raises(ProblemError) as caught:
            guess(refused, **{"x-forwarded-for": address})
        assert caught.value.status == status


@pytest.mark.parametrize("address", ["::ffff:198.51.100.{}", "198.51.100.{}"])
def test_addresses_of_ipv4_count_by_themselves_however_they_are_written(address: str) -> None:
    for number in range(5):
        with pytest.raises(ProblemError, match="not known"):
            guess(refused, **{"x-forwarded-for": address.format(number)})


def test_an_address_with_a_zone_is_an_address() -> None:
    with pytest.raises(ProblemError, match="not known"):
        guess(refused, **{"x-forwarded-for": "fe80::1%eth0"})
