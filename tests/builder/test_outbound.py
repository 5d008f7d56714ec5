import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import trustme

from builder.errors import OutboundError
from builder.guard import AddressGuard
from builder.outbound import post
from tests.builder.servers import allowing
from tests.receiver import receiving

CLOSED = AddressGuard()
BODY = b'{"a": 1}'


def send(url: str, guard: AddressGuard, **said: Any) -> int:
    return post(url, BODY, {"x-told": "yes"}, guard=guard, **{"seconds": 5.0, **said})


def table(*answers: list[tuple[str, int]]) -> tuple[Callable[..., list[tuple[Any, ...]]], list[str]]:
    """A look-up that gives these addresses, one list after the other, and the names that were asked for."""
    asked: list[str] = []

    def lookup(host: str, *_: object, **__: object) -> list[tuple[Any, ...]]:
        asked.append(host)
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", place) for place in answers[min(len(asked), len(answers)) - 1]
        ]

    return lookup, asked


def read_message(connection: socket.socket) -> None:
    """Read all of a message: a connection that is closed before that is reset."""
    came = b""
    while not came.endswith(BODY) and (more := connection.recv(65_536)):
        came += more


@contextmanager
def listening(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server of one connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            try:
                connection, _ = server.accept()
                with connection:
                    read_message(connection)
                    answer(connection)
            except OSError:
                return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join(10)


def test_the_message_arrives_as_it_is() -> None:
    with receiving() as receiver:
        assert send(receiver.url, allowing(receiver.port)) == 204
        [message] = receiver.messages
        assert (message.path, message.body) == ("/hook?from=pixcrawler", BODY)
        assert (message.headers["x-told"], message.headers["host"]) == ("yes", f"127.0.0.1:{receiver.port}")


def test_a_redirect_is_an_answer_and_not_followed() -> None:
    with receiving([307]) as receiver:
        assert send(receiver.url, allowing(receiver.port)) == 307
        assert len(receiver.messages) == 1


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1"]
)
def test_addresses_that_are_not_global_are_refused(host: str) -> None:
    with pytest.raises(OutboundError, match="nothing is sent to"):
        send(f"http://{host}:80/", CLOSED)


def test_an_exception_is_of_one_port() -> None:
    with receiving() as receiver, pytest.raises(OutboundError, match="nothing is sent to"):
        send(receiver.url, allowing(receiver.port + 1))


def test_a_name_that_leads_to_this_machine_is_refused_at_the_socket() -> None:
    with receiving() as receiver:
        lookup, _ = table([("127.0.0.1", receiver.port)])
        with pytest.raises(OutboundError, match="nothing is sent to"):
            send(f"http://rebinding.example:{receiver.port}/", CLOSED, lookup=lookup)
        assert receiver.messages == []


def test_what_is_checked_is_what_is_connected_to() -> None:
    """A name that resolves to a good address first and to a bad one the next moment: there is no next look."""
    with receiving() as good, receiving() as bad:
        lookup, asked = table([("127.0.0.1", good.port)], [("127.0.0.1", bad.port)])
        assert send("http://rebinding.example/", allowing(good.port), lookup=lookup) == 204
        assert (len(good.messages), len(bad.messages), asked) == (1, 0, ["rebinding.example"])
        assert good.messages[0].headers["host"] == "rebinding.example"


def test_a_name_with_one_bad_address_is_refused_whole() -> None:
    with receiving() as receiver:
        lookup, _ = table([("127.0.0.1", receiver.port), ("10.0.0.1", 80)])
        with pytest.raises(OutboundError, match="nothing is sent to") as caught:
            send("http://mixed.example/", allowing(receiver.port), lookup=lookup)
        assert "10." not in str(caught.value), "who named the host does not learn where it leads to in here"
        assert receiver.messages == []


def test_the_next_address_is_tried_when_one_takes_no_connection() -> None:
    with socket.socket() as bound, receiving() as receiver:
        bound.bind(("127.0.0.1", 0))  # and does not listen
        closed = bound.getsockname()[1]
        lookup, _ = table([("127.0.0.1", closed), ("127.0.0.1", receiver.port)])
        assert send("http://two.example/", allowing(closed, receiver.port), lookup=lookup) == 204


def silent(connection: socket.socket) -> None:
    connection.recv(1)


def dripping(connection: socket.socket) -> None:
    """A byte every little while: no pause is ever long."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
    for _ in range(100):
        threading.Event().wait(0.05)
        connection.sendall(b"x")


@pytest.mark.parametrize("answer", [silent, dripping])
def test_the_whole_exchange_has_one_deadline(answer: Callable[[socket.socket], None]) -> None:
    with listening(answer) as port:
        begun = time.monotonic()
        with pytest.raises(OutboundError, match=r"no answer within 0.3 s"):
            send(f"http://127.0.0.1:{port}/", allowing(port), seconds=0.3)
        assert time.monotonic() - begun < 1.5


@pytest.mark.parametrize(
    ("said", "words"),
    [(b"", "without an answer"), (b"SSH-2.0-x\r\n", "not answer in HTTP"), (b"HTTP/1.1 x\r\n\r\n", "HTTP")],
)
def test_what_is_no_answer_is_told_without_a_word_of_it(said: bytes, words: str) -> None:
    with listening(lambda connection: connection.sendall(said)) as port:
        with pytest.raises(OutboundError, match=words) as caught:
            send(f"http://127.0.0.1:{port}/secret", allowing(port))
        assert "SSH" not in str(caught.value)
        assert "secret" not in str(caught.value)


def test_a_port_that_nobody_listens_on_and_a_name_that_nobody_has() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        with pytest.raises(OutboundError, match="refused"):
            send(f"http://127.0.0.1:{port}/", allowing(port))

    def nowhere(*_: object, **__: object) -> list[tuple[Any, ...]]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with pytest.raises(OutboundError, match="cannot be resolved"):
        send("http://nowhere.example/", CLOSED, lookup=nowhere)


def test_tls_checks_the_name_while_the_socket_goes_to_the_address() -> None:
    authority = trustme.CA()
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("hooks.example").configure_cert(theirs)
    names: list[str | None] = []
    theirs.sni_callback = lambda _, name, __: names.append(name)
    ours = ssl.create_default_context()
    authority.configure_trust(ours)

    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            for _ in range(3):
                connection, _ = server.accept()
                try:
                    with theirs.wrap_socket(connection, server_side=True) as secured:
                        read_message(secured)
                        secured.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                except OSError:
                    continue

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        port = server.getsockname()[1]
        lookup, _ = table([("127.0.0.1", port)])
        good: dict[str, Any] = {"guard": allowing(port), "lookup": lookup}
        assert send("https://hooks.example/", trust=ours, **good) == 200
        with pytest.raises(OutboundError, match="CERTIFICATE_VERIFY_FAILED"):
            send("https://other.example/", trust=ours, **good)
        with pytest.raises(OutboundError, match="CERTIFICATE_VERIFY_FAILED"):
            send("https://hooks.example/", **good)
        thread.join(10)
    assert names == ["hooks.example", "other.example", "hooks.example"]
