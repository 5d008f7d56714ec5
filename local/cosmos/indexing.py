"""Which properties of a document are indexed, and the terms that the index holds for one.

Paths are written as in the service: `/a/b/?` is a value, `/a/*` all below, `/a/[]/b/?` of each item of an array. The
longest path that fits decides: https://learn.microsoft.com/azure/cosmos-db/index-policy
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from local.cosmos.partition import Path
from local.cosmos.values import Json, Object, canonical

ITEMS = "[]"
_ALWAYS: frozenset[Path] = frozenset({("id",), ("_ts",)})
"""The service indexes them whatever the policy says; of the other properties of its own, none."""

type Term = tuple[Path, str]


@dataclass(frozen=True, slots=True)
class Indexed:
    """The paths of an indexing policy, included and excluded, each with whether it is one."""

    paths: tuple[tuple[Path, bool], ...]
    on: bool = True

    @classmethod
    def of(cls, included: Iterable[Path], excluded: Iterable[Path], *, on: bool = True) -> "Indexed":
        """From the two lists of a policy; `on` is False for the mode `none`."""
        found = [(path, True) for path in included] + [(path, False) for path in excluded]
        # The more names the more it says, and a value says more than all below.
        return cls(tuple(sorted(found, key=lambda one: (len(one[0]), one[0][-1:] == ("?",)), reverse=True)), on)

    def has(self, path: Path) -> bool:
        """Whether the value at that path is indexed."""
        if path in _ALWAYS:
            return True
        if not self.on or path[0].startswith("_"):
            return False
        return next((included for pattern, included in self.paths if _fits(pattern, path)), False)

    def terms(self, document: Object) -> set[Term]:
        """What the index holds of this document: each value of an indexed path once."""
        return {(path, canonical(value)) for path, value in _leaves((), document) if self.has(path)}


def _fits(pattern: Path, path: Path) -> bool:
    names, last = pattern[:-1], pattern[-1]
    return path == names if last == "?" else last == "*" and path[: len(names)] == names


def _leaves(at: Path, value: Json) -> Iterator[tuple[Path, Json]]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _leaves((*at, name), item)
    elif isinstance(value, list):
        for item in value:
            yield from _leaves((*at, ITEMS), item)
    else:
        yield at, value
