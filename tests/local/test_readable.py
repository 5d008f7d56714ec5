import json

from hypothesis import given
from hypothesis import strategies as st

from local.readable import Readable


def test_a_log_line_is_told_in_words_and_colours() -> None:
    record = {
        "message": "it broke",
        "level": "error",
        "logger": "local.host",
        "dataset": "ab",
        "exception": "Trace\nback",
    }
    shown = Readable().feed(json.dumps(record).encode() + b"\n").decode()
    assert "\x1b[" in shown
    assert shown.index("it broke") < shown.index("ab") < shown.index("Trace\nback")
    assert "{" not in shown


def test_what_is_cut_off_is_told_in_the_end() -> None:
    readable = Readable()
    assert readable.feed(b"first\nsec") == b"first\n"
    assert readable.feed(b"ond") == b""
    assert readable.feed(b"") == b"second\n"
    assert readable.feed(b"") == b""


@given(
    st.lists(st.binary(max_size=30)),
    st.sampled_from([b"", b"[1]\n", b'{"no": 1}\n', b'{"message": 1}\n', b'{"message": "x", "level": []}\n']),
)
def test_what_is_no_log_line_stays_as_it_is(pieces: list[bytes], line: bytes) -> None:
    readable = Readable()
    given = [line, *filter(None, pieces)]
    shown = b"".join(map(readable.feed, filter(None, given))) + readable.feed(b"")
    whole = b"".join(given)
    assert shown == (whole if not whole or whole.endswith(b"\n") else whole + b"\n")
