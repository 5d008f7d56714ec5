"""Text from the web."""

from hypothesis import given
from hypothesis import strategies as st

from builder.text import one_line


def test_one_line() -> None:
    assert one_line(" a\r\n\tb  c ", 10) == "a b c"
    assert one_line("image/\udcff", 10) == "image/?"
    assert one_line("aaa bbb", 4) == "aaa"


@given(st.text(st.characters(), max_size=40), st.integers(0, 20))
def test_any_text_becomes_a_line_that_can_be_written(text: str, limit: int) -> None:
    line = one_line(text, limit)
    assert len(line) <= limit
    assert line.encode().decode() == line
    assert line.splitlines() in ([], [line])
