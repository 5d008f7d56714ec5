from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from builder.remote.events import Event, Message, StateEvent, messages

TEXT = st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), max_size=12)
EVENT = st.tuples(st.sampled_from(["state", "shard", ""]), st.lists(TEXT, min_size=1, max_size=3), TEXT)


@given(st.lists(EVENT, max_size=5), st.sampled_from(["\n", "\r\n", "\r"]), st.lists(st.integers(0, 400)), st.booleans())
def test_messages_come_out_as_they_went_in_wherever_the_bytes_are_cut(
    sent: list[tuple[str, list[str], str]], end: str, cuts: list[int], mark: bool
) -> None:
    lines = [": hello", "retry: 1500", ""]
    for kind, data, id_ in sent:
        lines += [f"event: {kind}", *(f"data: {line}" for line in data), f"id: {id_}", ": a comment", ""]
    body = (("\ufeff" if mark else "") + "".join(line + end for line in lines) + "data: cut off").encode()
    edges = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    pieces = [body[start:stop] for start, stop in pairwise(edges)]
    expected = [Message(kind or "message", "\n".join(data), id_, 1.5) for kind, data, id_ in sent]
    assert list(messages(pieces)) == expected


def test_a_message_comes_before_the_stream_goes_on() -> None:
    def pieces() -> list[bytes]:
        return [b"data: 1\n", b"\n", b"data: 2\n\n"]

    waiting = iter(pieces())
    found = messages(waiting)
    assert next(found).data == "1"
    assert next(waiting) == b"data: 2\n\n"


def test_fields_as_the_standard_has_them() -> None:
    body = b"data:no blank\ndata:  two\nid: 1\nid: a\0b\nretry: soon\nmood: fine\ndata\n\nevent: nothing\n\ndata: x\n\n"
    assert list(messages([body])) == [
        Message("message", "no blank\n two\n", "1", None),
        Message("message", "x", "1", None),
    ]


def test_events_that_are_not_known_are_passed_over() -> None:
    told = '{"state": "ready", "stage": null, "error": null, "final": true, "mood": "fine"}'
    assert Event.of(Message("state", told, "7", None)) == Event("state", StateEvent(state="ready", final=True), "7")
    assert Event.of(Message("weather", "{}", "7", None)) is None
    assert Event.of(Message("state", '{"state": "dancing"}', "7", None)) is None
    assert Event.of(Message("state", "no JSON", "7", None)) is None
