import hashlib
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.keys.text import is_prefix, new_key, read_key

KEY = new_key()


def test_a_key_is_read_as_it_was_made() -> None:
    assert read_key(KEY.text) == KEY
    assert KEY.text.startswith(f"pxc_{KEY.prefix}_")
    assert is_prefix(KEY.prefix)
    assert len(KEY.text) == 4 + 10 + 1 + 43 + 6


def test_keys_differ_and_their_secrets_use_every_letter() -> None:
    keys = [new_key() for _ in range(200)]
    assert len({key.prefix for key in keys}) == len({key.text for key in keys}) == 200
    assert {letter for key in keys for letter in key.text[15:58]} == set(string.ascii_letters + string.digits)


def test_what_is_stored_is_the_sha_256_of_it_all() -> None:
    assert KEY.digest == hashlib.sha256(KEY.text.encode()).hexdigest()
    assert KEY.is_of(KEY.digest)
    assert not KEY.is_of(new_key().digest)
    assert KEY.text not in repr(KEY)


@given(st.integers(0, len(KEY.text) - 1), st.sampled_from(string.ascii_letters + string.digits + "_- é\n"))
def test_a_key_with_one_letter_wrong_is_told_by_its_checksum(at: int, letter: str) -> None:
    changed = KEY.text[:at] + letter + KEY.text[at + 1 :]
    assert (read_key(changed) is None) == (changed != KEY.text)


@given(st.integers(0, len(KEY.text) - 1))
def test_a_key_that_was_cut_is_none(length: int) -> None:
    assert read_key(KEY.text[:length]) is None


LOOKALIKES = ["", "pxc_", KEY.text + "\n", KEY.text + "0", KEY.text.upper(), "pxc_" + "é" * 60]


@pytest.mark.parametrize("text", LOOKALIKES, ids=range(len(LOOKALIKES)))
def test_what_only_looks_like_a_key_is_none(text: str) -> None:
    assert read_key(text) is None


@pytest.mark.parametrize("text", ["", "abc", "ABCDEFGHIJ", "abcdefghi\n", "tenant:abc", "٣" * 10])
def test_what_is_no_prefix(text: str) -> None:
    assert not is_prefix(text)
