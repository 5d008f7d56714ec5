from typing import Any

import pytest
from azure.cosmos import PartitionKey
from hypothesis import given
from hypothesis import strategies as st

from local.cosmos import partition
from local.cosmos.errors import BadRequestError
from local.cosmos.values import UNDEFINED

# -0.0 is left out: the service keeps JSON numbers, where it is 0; the SDK hashes its sign bit.
PRIMITIVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False).map(lambda value: value or 0.0)
)
KEYS = PRIMITIVES | st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@given(KEYS)
def test_one_level_hashes_as_the_sdk_does(value: Any) -> None:
    expected = PartitionKey("/a")._get_effective_partition_key_string([value])

    assert partition.of([value]).hash == expected


@given(st.lists(KEYS, min_size=2, max_size=3))
def test_levels_hash_one_by_one_as_the_sdk_does(values: list[Any]) -> None:
    paths = [f"/{name}" for name in "abc"[: len(values)]]
    expected = PartitionKey(paths)._get_effective_partition_key_string(values)

    assert partition.of(values).hash == expected


@given(KEYS, KEYS)
def test_keys_are_equal_when_their_values_are(left: Any, right: Any) -> None:
    same = left == right and isinstance(left, bool) == isinstance(right, bool)

    assert (partition.of([left]) == partition.of([right])) == same


def test_a_header_and_a_document_agree() -> None:
    document: dict[str, Any] = {"a": {"b": 1.0}, "c": None}

    assert partition.from_header("[1, null, {}]", 3) == partition.from_document(document, [("a", "b"), ("c",), ("d",)])


def test_undefined_is_not_null() -> None:
    assert partition.of([UNDEFINED]) != partition.of([None])
    assert partition.from_header("[]", 1) == partition.from_header("[{}]", 1) == partition.of([UNDEFINED])


@pytest.mark.parametrize("header", ["", "a", '"a"', '["a","b"]', '[["a"]]', '[{"a":1}]', "[NaN]", f'["{"x" * 3000}"]'])
def test_bad_headers_are_refused(header: str) -> None:
    with pytest.raises(BadRequestError):
        partition.from_header(header, 1)
