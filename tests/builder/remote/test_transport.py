from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.errors import SettingError
from builder.remote.client import Client
from builder.remote.errors import ApiError, RefusedError
from builder.remote.transport import LONGEST_PAUSE, base_of, retry_after, wait_of
from local.processes import free_port
from tests.builder.remote.conftest import KEY, Clock
from tests.builder.remote.server import ID, Answer, Server, dataset, problem

PATH = f"/datasets/{ID}"


@pytest.mark.parametrize(
    ("address", "base"),
    [
        ("https://pix.example.org", "https://pix.example.org/api/v1"),
        ("https://pix.example.org/", "https://pix.example.org/api/v1"),
        ("https://pix.example.org/own/api/v1/", "https://pix.example.org/own/api/v1"),
        ("http://127.0.0.1:7071", "http://127.0.0.1:7071/api/v1"),
        ("http://[::1]:7071", "http://[::1]:7071/api/v1"),
        ("http://localhost:7071", "http://localhost:7071/api/v1"),
    ],
)
def test_an_address_may_leave_out_the_path(address: str, base: str) -> None:
    assert base_of(address, key=KEY) == base


@pytest.mark.parametrize("address", ["pix.example.org", "ftp://x", "https://", "https://u:p@x", "https://x?a=1", ""])
def test_what_is_no_address_is_told(address: str) -> None:
    with pytest.raises(SettingError, match="no address of an API"):
        base_of(address, key=None)


def test_a_key_does_not_leave_the_machine_unencrypted_unless_that_is_allowed() -> None:
    with pytest.raises(SettingError, match=r"pix\.example\.org unencrypted") as raised:
        base_of("http://pix.example.org", key=KEY)
    assert KEY not in str(raised.value)
    assert base_of("http://pix.example.org", key=KEY, plain_http=True) == "http://pix.example.org/api/v1"
    assert base_of("http://pix.example.org", key=None) == "http://pix.example.org/api/v1"


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_an_api_that_is_busy_is_asked_again_after_as_long_as_it_says(
    server: Server, client: Client, clock: Clock, status: int
) -> None:
    busy = problem(status, "busy", "Come back.", retry_after="7")
    server.answer(f"GET {PATH}", busy, busy, dataset("ready"))
    assert client.dataset(ID).state == "ready"
    assert clock.pauses == [7, 7]
    assert "Come back. Trying again in 7 s." in clock.told[0]


def test_a_broken_line_is_no_answer(server: Server, client: Client, clock: Clock) -> None:
    whole = dataset("ready")
    server.answer(f"GET {PATH}", Answer(reset=True), Answer(200, b"{" * 99, cut=50), whole)
    assert client.dataset(ID).state == "ready"
    assert len(clock.pauses) == 2
    assert all(0 < pause <= LONGEST_PAUSE for pause in clock.pauses)


def test_patience_ends(server: Server, client: Client, clock: Clock) -> None:
    server.answer(f"GET {PATH}", problem(503, "busy", "No.", retry_after="20"))
    with pytest.raises(ApiError, match="answered 503") as raised:
        client.dataset(ID)
    assert raised.value.retry_after == 20
    assert clock.pauses == [20] * 4  # in 90 seconds


def test_a_wait_beyond_all_patience_is_not_begun(server: Server, client: Client, clock: Clock) -> None:
    server.answer(f"GET {PATH}", problem(429, "too-many-requests", "No.", retry_after="3600"))
    with pytest.raises(RefusedError) as raised:
        client.dataset(ID)
    assert (raised.value.status, raised.value.kind, raised.value.retry_after) == (429, "too-many-requests", 3600)
    assert clock.pauses == []


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 412, 422])
def test_a_refusal_is_not_repeated(server: Server, client: Client, status: int) -> None:
    server.answer(f"GET {PATH}", problem(status, "no", "It is over."))
    with pytest.raises(RefusedError, match=f"answered {status} to GET {PATH}: It is over") as raised:
        client.dataset(ID)
    assert (raised.value.status, raised.value.kind) == (status, "no")
    assert len(server.asked) == 1


def test_what_the_server_cannot_do_is_no_refusal_and_not_repeated(server: Server, client: Client) -> None:
    server.answer(f"GET {PATH}", Answer(501, b"<h1>Oh</h1>"))
    with pytest.raises(ApiError, match="<h1>Oh</h1>") as raised:
        client.dataset(ID)
    assert not isinstance(raised.value, RefusedError)
    assert len(server.asked) == 1


def test_nobody_there_is_told_in_words(clock: Clock) -> None:
    client = Client(f"http://127.0.0.1:{free_port()}", KEY, waiting=clock.waiting(patience=0), proxies=False)
    with pytest.raises(ApiError, match="does not answer") as raised:
        client.dataset(ID)
    assert KEY not in str(raised.value)


def test_the_key_goes_to_the_api_alone(
    server: Server, client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    server.answer(f"GET {PATH}", Answer(307, headers={"location": "https://other.example.org/"}))
    for proxies in (True, False):
        told = Client(server.url, KEY, proxies=proxies)
        with pytest.raises(ApiError, match=r"sends on to https://other\.example\.org/: give that address"):
            told.dataset(ID)
    assert [one.headers["authorization"] for one in server.asked] == [f"Bearer {KEY}"] * 2


@given(st.integers(0, 10**9))
def test_seconds_to_wait(seconds: int) -> None:
    assert retry_after(f"{seconds}") == seconds


@pytest.mark.parametrize("text", [None, "", "soon", "-3", "1.5", "²"])
def test_what_is_no_time_to_wait(text: str | None) -> None:
    assert retry_after(text) is None


def test_a_time_to_wait_may_be_a_date() -> None:
    now = datetime.now(UTC)
    assert retry_after(format_datetime(now + timedelta(seconds=100), usegmt=True)) == pytest.approx(100, abs=5)
    assert retry_after(format_datetime(now - timedelta(seconds=100), usegmt=True)) == 0


@given(st.integers(0, 60))
def test_pauses_grow_to_a_limit(attempt: int) -> None:
    assert 0.25 <= wait_of(ApiError("x"), attempt) <= LONGEST_PAUSE
    assert wait_of(ApiError("x", retry_after=100), attempt) == 100
