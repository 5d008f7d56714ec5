import json

from bench.api.load import Ask, load
from tests.builder.remote.server import Answer, problem, serving


def test_every_request_is_sent_and_what_is_not_expected_is_an_error() -> None:
    with serving() as server:
        server.answer("GET /things", problem(503, "busy", "No."), Answer(200), Answer(304))
        ask = Ask("things", "GET", "/things", (304,), {"If-None-Match": '"a"'})
        found = load(f"{server.url}/api/v1", "pxc_1", ask, clients=3, requests=20, phase="quiet")
    assert (found.asked, found.clients, found.requests, found.faults) == (
        "things", 3, 20, {"503": 1, "200": 1},
    )  # fmt: skip
    assert 0 < found.p50 <= found.p99 < found.wall_seconds
    assert found.per_second == 18 / found.wall_seconds
    assert {(one.headers["authorization"], one.headers["if-none-match"]) for one in server.asked} == {
        ("Bearer pxc_1", '"a"')
    }


def test_every_request_has_a_body_of_its_own() -> None:
    with serving() as server:
        server.answer("POST /things", Answer(reset=True), Answer(202))
        ask = Ask("make", "POST", "/things", (202,), body=lambda number: {"name": number})
        assert load(f"{server.url}/api/v1", "k", ask, clients=2, requests=5, phase="quiet").errors == 1
    assert sorted(json.loads(one.body)["name"] for one in server.asked) == [0, 1, 2, 3, 4]
