"""`builder.json_lines`: the same values as rows have, whatever is in them."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.exports import base
from builder.json_lines import glances, read_lines
from builder.rows import Glance, ImageRow
from tests.builder.rows_of import row

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@settings(deadline=None, max_examples=30)
@given(
    told=st.lists(
        st.fixed_dictionaries(
            {"title": st.none() | TEXTS, "label": TEXTS, "turned": st.lists(TEXTS, max_size=3).map(tuple)}
            | {name: st.none() | st.integers(0, 2**40) for name in ("width", "source_bytes", "size_bytes")}
            | {name: st.none() | TEXTS for name in ("phash", "dhash", "sha256")}
        ),
        max_size=12,
    ),
    size=st.integers(1, 2_000),
)
def test_a_glance_has_what_the_row_has(told: list[dict[str, object]], size: int) -> None:
    rows = [row(number).model_copy(update=fields) for number, fields in enumerate(told)]
    pieces = [one.model_dump_json().encode() + b"\n" for one in rows]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(base, "PIECE_BYTES", size)
        found = list(glances([b"", *pieces, b""]))
    assert [list(glance) for glance in found] == [_values(one) for one in rows]


def _values(one: ImageRow) -> list[object]:
    values = [getattr(one, name) for name in Glance._fields]
    return [list(value) if isinstance(value, tuple) else value for value in values]


def test_what_is_no_row_is_an_error() -> None:
    schema = pa.schema([("key", pa.string()), ("width", pa.int64())])
    assert read_lines(b'{"key": "a", "other": [1]}\n{}', schema).to_pylist() == [
        {"key": "a", "width": None},
        {"key": None, "width": None},
    ]
    for bad in (b"{", b'{"width": "3"}', b'{"width": 1.5}', b"[]"):
        with pytest.raises(pa.ArrowInvalid):
            read_lines(bad, schema)
