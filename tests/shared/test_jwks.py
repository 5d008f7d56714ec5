import json
import socket
import threading
from collections.abc import Iterator

import pytest

from local.processes import free_port, wait_until
from shared import jwks
from shared.jwks import KeySet, UnavailableError, UnknownKeyError
from tests.shared.issuing import KeyServer, elliptic_key, public, serving_keys

FRESH, REFETCH = 3600.0, 30.0


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def server() -> Iterator[KeyServer]:
    with serving_keys() as running:
        running.publish(one=elliptic_key())
        yield running


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(server: KeyServer, clock: Clock) -> KeySet:
    return KeySet(server.url, fresh_seconds=FRESH, refetch_seconds=REFETCH, clock=clock)


def test_keys_are_fetched_once_while_they_are_fresh(keys: KeySet, server: KeyServer, clock: Clock) -> None:
    for _ in range(3):
        assert keys.key("one").key_id == "one"
    clock.now += FRESH - 1
    keys.key("one")
    assert server.asked == 1
    clock.now += 1
    keys.key("one")
    assert server.asked == 2


def test_invented_keys_cause_no_traffic(keys: KeySet, server: KeyServer, clock: Clock) -> None:
    keys.key("one")
    for number in range(50):
        with pytest.raises(UnknownKeyError):
            keys.key(f"invented-{number}")
    assert server.asked == 1
    clock.now += REFETCH
    for number in range(50):
        with pytest.raises(UnknownKeyError):
            keys.key(f"invented-{number}")
    assert server.asked == 2


def test_a_rotated_key_is_found_and_the_old_one_ends(keys: KeySet, server: KeyServer, clock: Clock) -> None:
    keys.key("one")
    server.publish(two=elliptic_key())
    clock.now += REFETCH
    assert keys.key("two").key_id == "two"
    with pytest.raises(UnknownKeyError):
        keys.key("one")


def test_keys_at_hand_outlast_an_outage_of_a_day(keys: KeySet, server: KeyServer, clock: Clock) -> None:
    keys.key("one")
    server.status = 503
    clock.now += FRESH
    assert keys.key("one").key_id == "one"
    with pytest.raises(UnavailableError):
        keys.key("perhaps new")
    clock.now += jwks.STALE_SECONDS
    with pytest.raises(UnavailableError):
        keys.key("one")


def test_an_outage_is_asked_about_again_after_the_seconds_that_are_told(
    keys: KeySet, server: KeyServer, clock: Clock
) -> None:
    server.status = 500
    for _ in range(3):
        with pytest.raises(UnavailableError) as caught:
            keys.key("one")
    assert (server.asked, caught.value.seconds) == (1, int(jwks.FAILED_SECONDS))
    server.status = 200
    clock.now += caught.value.seconds
    assert keys.key("one").key_id == "one"


def test_fifty_threads_that_need_keys_fetch_them_once(keys: KeySet, server: KeyServer) -> None:
    found = []
    threads = [threading.Thread(target=lambda: found.append(keys.key("one"))) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(found), server.asked) == (50, 1)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"<html>"),
        (200, b"[]"),
        (200, b'{"keys": {}}'),
        (200, b"[" * 100_000),
        (200, b'{"keys": []}' + b" " * jwks.MAX_BYTES),
        (302, b""),
        (404, b"{}"),
    ],
)
def test_an_answer_that_is_no_key_set_is_an_outage(keys: KeySet, server: KeyServer, status: int, body: bytes) -> None:
    server.status, server.body = status, body
    with pytest.raises(UnavailableError):
        keys.key("one")


def test_a_key_set_that_is_cut_off_is_an_outage(keys: KeySet, server: KeyServer) -> None:
    server.missing = 1
    with pytest.raises(UnavailableError):
        keys.key("one")


def test_nobody_there_is_an_outage() -> None:
    keys = KeySet(f"http://127.0.0.1:{free_port()}/", fresh_seconds=FRESH, refetch_seconds=REFETCH)
    with pytest.raises(UnavailableError):
        keys.key("one")


def test_an_issuer_that_says_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jwks, "TIMEOUT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        keys = KeySet(f"http://127.0.0.1:{silent.getsockname()[1]}/", fresh_seconds=FRESH, refetch_seconds=REFETCH)
        with pytest.raises(UnavailableError):
            keys.key("one")


def test_an_issuer_that_drips_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jwks, "TIMEOUT_SECONDS", 0.3)
    over = threading.Event()

    def drip(server: socket.socket) -> None:
        taken = server.accept()[0]
        with taken:
            taken.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            while not over.wait(0.02):
                try:
                    taken.sendall(b" ")
                except OSError:
                    return

    with socket.create_server(("127.0.0.1", 0)) as server:
        dripping = threading.Thread(target=drip, args=(server,), daemon=True)
        dripping.start()
        with pytest.raises(OSError, match=r"take too long|timed out"):
            jwks.fetch(f"http://127.0.0.1:{server.getsockname()[1]}/")
        over.set()
        wait_until(lambda: not dripping.is_alive(), 5, "the end of the drip")


def test_what_cannot_verify_a_signature_is_passed_over() -> None:
    good = public("good", elliptic_key())
    odd = [
        {"kty": "oct", "kid": "secret", "k": "c2VjcmV0"},
        {**good, "kid": "encrypts", "use": "enc"},
        {**good, "kid": "broken", "x": "AA"},
        {**good, "kid": "hmac", "alg": "HS256"},
        {"kty": "EC", "kid": "empty"},
        {key: value for key, value in good.items() if key != "kid"},
        "text",
    ]
    assert set(jwks.read_keys(json.dumps({"keys": [*odd, good]}).encode())) == {"good"}
