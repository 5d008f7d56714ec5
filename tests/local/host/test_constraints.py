import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.host.constraints import constraint


@pytest.mark.parametrize(
    ("name", "argument", "accepted", "refused"),
    [
        ("int", None, ["0", "-7", "+7", "2147483647"], ["", "1.5", "x", "2147483648", "٣"]),
        ("long", None, ["9223372036854775807"], ["9223372036854775808", "1e3"]),
        ("bool", None, ["true", "False"], ["1", "yes"]),
        ("alpha", None, ["Abc"], ["a1", "é", "a-b"]),
        ("guid", None, ["CD2C1638-1638-72D5-1638-DEADBEEF1638", "0" * 32], ["0" * 31, "xyz"]),
        ("datetime", None, ["2026-11-22", "2026-11-22T10:00:00"], ["yesterday", "2026-13-01"]),
        ("decimal", None, ["49.99", "-1,000.01"], ["1e3", "."]),
        ("double", None, ["1.5", "1e3", "-.5"], ["nan", "x"]),
        ("float", None, ["1.5"], ["x"]),
        ("length", "3", ["abc"], ["ab", "abcd"]),
        ("length", "2,3", ["ab", "abc"], ["a", "abcd"]),
        ("minlength", "2", ["ab"], ["a"]),
        ("maxlength", "2", ["ab", ""], ["abc"]),
        ("min", "1", ["1", "99"], ["0", "x"]),
        ("max", "9", ["9", "-1"], ["10", "x"]),
        ("range", "1,9", ["1", "9"], ["0", "10"]),
        ("regex", r"^\d{3}-[a-z]$", ["123-a", "123-A"], ["12-a", "x123-a"]),
        ("required", None, ["x"], [""]),
        ("file", None, ["a.txt", "a/b.c"], ["a", "a.b/c", "a."]),
        ("nonfile", None, ["a"], ["a.txt"]),
    ],
)
def test_accepts_and_refuses(name: str, argument: str | None, accepted: list[str], refused: list[str]) -> None:
    test = constraint(name, argument)
    assert [text for text in accepted if not test(text)] == []
    assert [text for text in refused if test(text)] == []


@pytest.mark.parametrize(
    ("name", "argument"), [("colour", None), ("int", "3"), ("min", None), ("min", "x"), ("range", "1")]
)
def test_what_is_no_constraint_is_refused(name: str, argument: str | None) -> None:
    with pytest.raises(ValueError, match=r".+"):
        constraint(name, argument)


@given(st.uuids())
def test_every_uuid_is_a_guid(value: uuid.UUID) -> None:
    assert all(constraint("guid", None)(text) for text in (str(value), value.hex, f"{{{value}}}"))


@given(st.integers())
def test_int_is_32_bits(value: int) -> None:
    assert constraint("int", None)(str(value)) == (-(2**31) <= value < 2**31)
