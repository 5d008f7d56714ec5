import pytest

from shared.problems import ProblemError
from shared.streams import Streams


class Clock:
    """A clock that stands still."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_caller_has_so_many_and_others_theirs() -> None:
    streams = Streams()
    first = streams.open("a", 2, 60)
    second = streams.open("a", 2, 60)
    with pytest.raises(ProblemError) as caught:
        streams.open("a", 2, 60)
    assert (caught.value.status, caught.value.kind) == (429, "too-many-streams")
    assert caught.value.members == {"used": 2, "limit": 2}
    assert caught.value.headers["retry-after"] == "10"
    other = streams.open("b", 2, 60)
    first()
    first()  # it gives back its own place alone
    third = streams.open("a", 2, 60)
    with pytest.raises(ProblemError):
        streams.open("a", 2, 60)
    for close in (second, third, other):
        close()
    assert len(streams) == 0


def test_a_place_that_is_never_given_back_is_taken_back() -> None:
    clock = Clock()
    streams = Streams(clock)
    streams.open("a", 1, 60)
    clock.now = 59.9
    with pytest.raises(ProblemError):
        streams.open("a", 1, 60)
    clock.now = 60.1
    streams.open("a", 1, 60)
