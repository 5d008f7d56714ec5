"""`builder.columns`: what is held of rows, and what is made of it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.columns import Columns
from builder.rows import Glance, ImageRow
from tests.builder.rows_of import datasets, row


def glance(one: ImageRow) -> Glance:
    return Glance(**{name: getattr(one, name) for name in Glance._fields})


@settings(deadline=None, max_examples=20)
@given(rows=datasets())
def test_a_glance_tells_as_much_as_the_row(rows: list[ImageRow]) -> None:
    assert Columns.of(map(glance, rows), turned=True) == Columns.of(rows, turned=True)


@settings(deadline=None, max_examples=20)
@given(rows=datasets())
def test_the_same_number_is_the_same_content(rows: list[ImageRow]) -> None:
    numbers = Columns.of(rows).contents().ravel().tolist()
    digests = [digest for one in rows for digest in (one.source_sha256, one.sha256)]
    assert [number == -1 for number in numbers] == [digest is None for digest in digests]
    known = {(number, digest) for number, digest in zip(numbers, digests, strict=True) if digest}
    assert len(known) == len({number for number, _ in known}) == len({digest for _, digest in known})


@settings(deadline=None)
@given(digest=st.integers(0, 2**256 - 1), key=st.text("ab-09", max_size=12))
def test_places_are_the_first_digits_of_the_content(digest: int, key: str) -> None:
    told = f"{digest:064x}"
    here: dict[str, object] = {"key": key, "source_sha256": told, "sha256": "f" * 64}
    rows = [here, here | {"source_sha256": None, "sha256": told}, here | {"source_sha256": None, "sha256": None}]
    digits = [told[:13], told[:13], key.encode().hex()[:13].ljust(13, "0")]
    places = Columns.of(row(0).model_copy(update=fields) for fields in rows).places()
    assert places.tolist() == [int(text, 16) / 16**13 for text in digits]


def test_order_is_that_of_keys() -> None:
    columns = Columns.of(row(number) for number in (70, 3, 64))
    assert [columns.keys[position] for position in columns.in_order] == ["cat-00000-03", "cat-00001-00", "cat-00001-06"]
    assert Columns().in_order.dtype == np.int64
    with pytest.raises(ValueError, match="same key"):
        _ = Columns.of([row(1), row(1)]).in_order


@pytest.mark.parametrize("digest", ["", "ab", "a" * 62, "a" * 66])
def test_a_digest_of_another_length_is_refused(digest: str) -> None:
    rows = [row(0).model_copy(update={"sha256": digest})]
    if digest:
        with pytest.raises(ValueError, match="cat-00000-00 has a SHA-256"):
            Columns.of(rows)
    else:
        assert len(Columns.of(rows).digests) == 64
