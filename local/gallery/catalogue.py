"""The gallery as a whole: made once, kept in a cache folder, and what to expect of each topic."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from importlib.metadata import version
from itertools import groupby
from pathlib import Path

from pydantic import TypeAdapter

from local.gallery.exhibits import Exhibit, order
from local.gallery.photographs import PHOTOGRAPHS
from local.gallery.topics import find

INDEX = "index.json"
PAGE = 100
"""Search results on one page."""
_EXHIBITS = TypeAdapter(tuple[Exhibit, ...])


@dataclass(frozen=True)
class Results:
    """One page of a search; `next_page` is None on the last one."""

    exhibits: tuple[Exhibit, ...]
    next_page: int | None


@dataclass(frozen=True)
class Catalogue:
    """Every exhibit, and the folder that holds their files."""

    folder: Path
    exhibits: tuple[Exhibit, ...]

    @cached_property
    def by_address(self) -> dict[tuple[int, str], Exhibit]:
        """Exhibits by site and path; a query in an address makes no difference to a site."""
        return {(exhibit.site, exhibit.path): exhibit for exhibit in reversed(self.exhibits)}

    @cached_property
    def pictures(self) -> dict[tuple[str, int], Exhibit]:
        """Where each picture itself hangs, by topic and number."""
        found = (one for one in self.exhibits if one.kind == "picture" and one.behaviour == "serve")
        return {(one.topic, one.number): one for one in found}

    def read(self, exhibit: Exhibit) -> bytes:
        """The bytes of an exhibit's file; FileNotFoundError if it has none."""
        if exhibit.file is None:
            msg = f"{exhibit.target} has no file"
            raise FileNotFoundError(msg)
        return (self.folder / exhibit.file).read_bytes()

    @cached_property
    def _results(self) -> dict[str, tuple[Exhibit, ...]]:
        mixed = sorted((one for one in self.exhibits if one.listed), key=order)
        return {topic: tuple(one for one in mixed if one.topic == topic) for topic in {one.topic for one in mixed}}

    def listed(self, topic: str) -> tuple[Exhibit, ...]:
        """What a search for the topic finds, in the order of its results."""
        return self._results[topic]

    def distinct(self, topic: str) -> int:
        """How many different good pictures a build can get for the topic."""
        return sum(one.kind == "picture" for one in self.listed(topic))

    def search(self, query: str, page: int) -> Results:
        """Page `page`, counted from 1, of what a query finds; empty if its words name no topic."""
        everything = [exhibit for topic in find(query) for exhibit in self.listed(topic.name)]
        start = (page - 1) * PAGE
        following = page + 1 if start + PAGE < len(everything) else None
        return Results(tuple(everything[start : start + PAGE]), following)


def load(cache: Path) -> Catalogue:
    """The gallery, from the cache folder if it is there, made (some seconds) and kept there if not.

    GalleryError if the tables promise more than the photographs give, PhotographMissingError if one is not installed.
    """
    folder = cache / _fingerprint()
    if not (folder / INDEX).is_file():
        _make(folder)
    return Catalogue(folder, _EXHIBITS.validate_json((folder / INDEX).read_bytes()))


def _fingerprint() -> str:
    """Changes with the code, the photographs and the libraries that the files depend on."""
    digest = sha256(json.dumps([version(name) for name in ("pillow", "imagehash", "numpy")]).encode())
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    for photograph in PHOTOGRAPHS.values():
        digest.update(str(photograph.path.stat().st_size).encode())
    return digest.hexdigest()[:16]


def _make(folder: Path) -> None:
    """Fill the folder, whole or not at all; another process may do the same at the same time."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(dir=folder.parent, prefix="part-"))
    try:
        exhibits = tuple(_hang_all(part))
        (part / INDEX).write_bytes(_EXHIBITS.dump_json(exhibits))
        try:
            part.rename(folder)
        except OSError:
            if not (folder / INDEX).is_file():
                raise
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _hang_all(folder: Path) -> Iterator[Exhibit]:
    # Pillow and NumPy are needed only here: a start with a warm cache does without.
    from local.gallery.hanging import hang
    from local.gallery.pictures import pictures

    for topic, members in groupby(pictures(), key=lambda picture: picture.topic):
        for hung in hang(topic, list(members)):
            if hung.data is not None and hung.exhibit.file is not None:
                (folder / hung.exhibit.file).write_bytes(hung.data)
            yield hung.exhibit
