"""The built-in functions of strings; undefined for arguments that they do not expect.

https://learn.microsoft.com/azure/cosmos-db/nosql/query/system-functions
"""

import re
from collections.abc import Callable

from local.cosmos.query.functions import function
from local.cosmos.values import UNDEFINED, Value, dumps, is_number, loads


def _texts() -> None:
    """Functions of one string."""
    calls: dict[str, Callable[[str], Value]] = {
        "LOWER": str.lower,
        "UPPER": str.upper,
        "LENGTH": len,
        "REVERSE": lambda text: text[::-1],
    }
    for name, call in calls.items():
        function(name, 1)(lambda text, call=call: call(text) if isinstance(text, str) else UNDEFINED)


def _compare_text(name: str, test: Callable[[str, str], bool]) -> None:
    def call(text: Value, part: Value, ignore_case: Value = False) -> Value:
        if not isinstance(text, str) or not isinstance(part, str) or not isinstance(ignore_case, bool):
            return UNDEFINED
        return test(text.lower(), part.lower()) if ignore_case else test(text, part)

    function(name, 2, 3)(call)


_texts()
_compare_text("STARTSWITH", str.startswith)
_compare_text("ENDSWITH", str.endswith)
_compare_text("CONTAINS", str.__contains__)
_compare_text("STRINGEQUALS", str.__eq__)


@function("CONCAT", 2, 100)
def _concat(*parts: Value) -> Value:
    texts = [part for part in parts if isinstance(part, str)]
    return "".join(texts) if len(texts) == len(parts) else UNDEFINED


@function("SUBSTRING", 3)
def _substring(text: Value, start: Value, length: Value) -> Value:
    if not isinstance(text, str) or not is_number(start) or not is_number(length):
        return UNDEFINED
    begin = max(int(start), 0)
    return text[begin : begin + max(int(length), 0)]


@function("LEFT", 2)
def _left(text: Value, length: Value) -> Value:
    return _substring(text, 0, length)


@function("RIGHT", 2)
def _right(text: Value, length: Value) -> Value:
    if not isinstance(text, str) or not is_number(length):
        return UNDEFINED
    return text[max(len(text) - max(int(length), 0), 0) :]


@function("INDEX_OF", 2, 3)
def _index_of(text: Value, part: Value, start: Value = 0) -> Value:
    if not isinstance(text, str) or not isinstance(part, str) or not is_number(start):
        return UNDEFINED
    return text.find(part, max(int(start), 0))


@function("REPLACE", 3)
def _replace(text: Value, part: Value, other: Value) -> Value:
    if not isinstance(text, str) or not isinstance(part, str) or not isinstance(other, str):
        return UNDEFINED
    return text.replace(part, other) if part else text


@function("REPLICATE", 2)
def _replicate(text: Value, times: Value) -> Value:
    longest = 10_000
    if not isinstance(text, str) or not is_number(times) or times < 0 or len(text) * times > longest:
        return UNDEFINED
    return text * int(times)


@function("TRIM", 1, 2)
def _trim(text: Value, characters: Value = None) -> Value:
    return text.strip(_set(characters)) if isinstance(text, str) else UNDEFINED


@function("LTRIM", 1, 2)
def _trim_left(text: Value, characters: Value = None) -> Value:
    return text.lstrip(_set(characters)) if isinstance(text, str) else UNDEFINED


@function("RTRIM", 1, 2)
def _trim_right(text: Value, characters: Value = None) -> Value:
    return text.rstrip(_set(characters)) if isinstance(text, str) else UNDEFINED


def _set(characters: Value) -> str | None:
    return characters if isinstance(characters, str) else None


@function("TOSTRING", 1)
def _to_string(value: Value) -> Value:
    if value is UNDEFINED or isinstance(value, str):
        return value
    return dumps(value)


@function("STRINGTONUMBER", 1)
def _to_number(text: Value) -> Value:
    return _parsed(text, (int, float))


@function("STRINGTOBOOLEAN", 1)
def _to_boolean(text: Value) -> Value:
    return _parsed(text, (bool,))


@function("STRINGTONULL", 1)
def _to_null(text: Value) -> Value:
    return _parsed(text, (type(None),))


def _parsed(text: Value, kinds: tuple[type, ...]) -> Value:
    try:
        value = loads(text) if isinstance(text, str) else UNDEFINED
    except ValueError:
        return UNDEFINED
    return value if type(value) in kinds else UNDEFINED


@function("STRINGSPLIT", 2)
def _split(text: Value, separator: Value) -> Value:
    if not isinstance(text, str) or not isinstance(separator, str) or not separator:
        return UNDEFINED
    return list(text.split(separator))


@function("STRINGJOIN", 2)
def _join(items: Value, separator: Value) -> Value:
    if not isinstance(items, list) or not isinstance(separator, str):
        return UNDEFINED
    texts = [item for item in items if isinstance(item, str)]
    return separator.join(texts) if len(texts) == len(items) else UNDEFINED


@function("REGEXMATCH", 2, 3)
def _regex_match(text: Value, pattern: Value, modifiers: Value = "") -> Value:
    if not isinstance(text, str) or not isinstance(pattern, str) or not isinstance(modifiers, str):
        return UNDEFINED
    known = {"m": re.MULTILINE, "s": re.DOTALL, "i": re.IGNORECASE, "x": re.VERBOSE}
    flags = re.RegexFlag(0)
    for modifier in modifiers:
        if modifier not in known:
            return UNDEFINED
        flags |= known[modifier]
    try:
        return re.search(pattern, text, flags) is not None
    except re.error:
        return UNDEFINED
