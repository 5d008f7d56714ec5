from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.cosmos import patching
from local.cosmos.errors import BadRequestError

NAMES = st.text(st.characters(exclude_characters="/~", exclude_categories=["Cs"]), min_size=1, max_size=5)
VALUES = st.recursive(st.integers() | st.text(max_size=3), lambda inner: st.dictionaries(NAMES, inner, max_size=3))


def _patched(document: dict[str, Any], *operations: dict[str, Any]) -> dict[str, Any]:
    patching.apply(document, patching.parse({"operations": list(operations)}))
    return document


@given(st.dictionaries(NAMES, VALUES), NAMES, VALUES)
def test_removing_what_was_added_leaves_the_rest(document: dict[str, Any], name: str, value: Any) -> None:
    rest = {key: item for key, item in document.items() if key != name}

    assert _patched(dict(document), {"op": "add", "path": f"/{name}", "value": value}) == rest | {name: value}
    assert _patched(dict(document) | {name: value}, {"op": "remove", "path": f"/{name}"}) == rest


@given(st.lists(st.integers(), max_size=5), st.integers(0, 5), st.integers())
def test_adding_to_an_array_inserts(items: list[int], place: int, value: int) -> None:
    place = min(place, len(items))

    patched = _patched({"a": list(items)}, {"op": "add", "path": f"/a/{place}", "value": value})

    assert patched == {"a": [*items[:place], value, *items[place:]]}


def test_escaped_names() -> None:
    assert _patched({}, {"op": "set", "path": "/a~1b~0c", "value": 1}) == {"a/b~c": 1}


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "move", "from": "/a", "path": "/a/b"},
        {"op": "move", "from": "/nothing", "path": "/b"},
        {"op": "add", "path": "/list/-1", "value": 1},
        {"op": "set", "path": "/list/x", "value": 1},
        {"op": "incr", "path": "/a", "value": "1"},
        {"op": "set", "path": "/text/deeper", "value": 1},
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused(operation: dict[str, Any]) -> None:
    with pytest.raises(BadRequestError, match=operation["op"]):
        _patched({"a": {}, "list": [], "text": "t"}, operation)


@pytest.mark.parametrize(
    "body",
    [
        None,
        {},
        {"operations": []},
        {"operations": [{"op": "set", "path": "/a", "value": 1}] * 11},
        {"operations": [{"op": "set"}]},
        {"operations": [{"op": "set", "path": "a", "value": 1}]},
    ],
)
def test_what_is_no_patch_is_refused(body: Any) -> None:
    with pytest.raises(BadRequestError):
        patching.parse(body)
