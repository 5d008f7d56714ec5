"""Partition keys: taken from a header or a document, written down, and hashed as the service hashes them.

The effective partition key matters because the SDK asks for a prefix of a hierarchical key, and for feed ranges, by a
range of hashes: MurmurHash3 128 of the typed value, top two bits cleared, one hash per level when hierarchical.
"""

import functools
import struct
from collections.abc import Sequence
from dataclasses import dataclass

import mmh3

from local.cosmos.errors import BadRequestError
from local.cosmos.values import UNDEFINED, Json, Object, Value, canonical, is_number, loads

type Path = tuple[str, ...]
_MAX_BYTES = 2048
_TAGS = {None: b"\x01", False: b"\x02", True: b"\x03", UNDEFINED: b"\x00"}


@dataclass(frozen=True, slots=True)
class PartitionKey:
    """One partition key value: `text` is equal for equal keys, `hash` is its effective partition key (hex)."""

    text: str
    hash: str


def from_header(text: str, levels: int) -> PartitionKey:
    """The key that the header `x-ms-documentdb-partitionkey` names, e.g. `["a"]`; `{}` stands for undefined.

    Raises BadRequestError when it is not a list of `levels` primitive values; an empty list means all undefined.
    """
    try:
        given = loads(text)
    except ValueError:
        given = None
    if not isinstance(given, list):
        msg = f"Partition key {text} is invalid: the header holds a JSON array"
        raise BadRequestError(msg)
    components = [UNDEFINED if item == {} else item for item in given] or [UNDEFINED] * levels
    if len(components) != levels:
        msg = f"Partition key {text} is invalid: it has {len(components)} components, the container's key has {levels}"
        raise BadRequestError(msg, substatus=1001)
    return of(components)


def from_document(document: Object, paths: Sequence[Path]) -> PartitionKey:
    """The key of a document by the container's partition key paths; BadRequestError when it is an object or array."""
    return of([walk(document, path) for path in paths])


def of(components: Sequence[Value]) -> PartitionKey:
    """The key made of these values, one per level; BadRequestError when one is not primitive or all are too long."""
    if any(isinstance(item, (list, dict)) for item in components):
        msg = "The partition key must be a string, number, boolean or null"
        raise BadRequestError(msg)
    text = "[" + ",".join("{}" if item is UNDEFINED else canonical(item) for item in components) + "]"
    if len(text) > _MAX_BYTES:
        msg = f"The partition key is longer than {_MAX_BYTES} bytes"
        raise BadRequestError(msg)
    return PartitionKey(text, _hash(text, tuple(components)))


@functools.lru_cache(4096, typed=True)
def _hash(text: str, components: tuple[Value, ...]) -> str:
    """`text` keeps True and 1 apart in the cache."""
    del text
    return "".join(_hash_component(item) for item in components)


def _hash_component(value: Value) -> str:
    if isinstance(value, str):
        data = b"\x08" + value.encode("utf-8", "surrogatepass") + b"\xff"
    elif is_number(value):
        data = b"\x05" + struct.pack("<d", value)
    else:
        data = next(tag for known, tag in _TAGS.items() if known is value)
    digest = bytearray(reversed(mmh3.hash_bytes(data, x64arch=True)))
    digest[0] &= 0x3F
    return digest.hex().upper()


def walk(document: Json, path: Path) -> Value:
    """What is at `path` in a document, or undefined."""
    for name in path:
        if not isinstance(document, dict) or name not in document:
            return UNDEFINED
        document = document[name]
    return document
