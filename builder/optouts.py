"""Opt-outs: how owners ask that their pictures are kept out of datasets, and whether they did.

- `X-Robots-Tag`: Google's documentation "Robots meta tag, data-nosnippet, and X-Robots-Tag specifications" for the
  header and `noindex`, `noimageindex`, `none`; DeviantArt's announcement of November 2022 for `noai` and `noimageai`;
  `noml` as Mojeek proposed it in 2023.
- TDM reservation: "TDM Reservation Protocol (TDMRep)", final report of the W3C community group of that name, 2024:
  the header `tdm-reservation` and the file `/.well-known/tdmrep.json`. It carries out article 4(3) of the EU's
  directive 2019/790.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self
from urllib.parse import quote

from multidict import MultiMapping

from builder.limits import PRODUCT

ROBOTS_DIRECTIVES = frozenset({"noai", "noimageai", "noml", "noindex", "noimageindex", "none"})

RESERVATIONS_PATH = "/.well-known/tdmrep.json"
MAX_RESERVATIONS_BYTES = 500 * 1024

_WITH_VALUES = frozenset({"unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"})
_BETWEEN = re.compile("[,;]")  # commas by the documents; semicolons and spaces are met too
_NAME = re.compile(r"[a-z0-9_\-./*]+")
_ESCAPED = re.compile(r"%[0-9A-Fa-f]{2}")
_FREELY_WRITTEN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~*$")


def opt_out(headers: MultiMapping[str]) -> str | None:
    """What in the headers of an answer asks us not to use it, in its own words, or None."""
    for line in headers.getall("X-Robots-Tag", ()):
        if (directive := _robots_directive(line)) is not None:
            return f"X-Robots-Tag: {directive}"
    if any(value.strip() == "1" for value in headers.getall("tdm-reservation", ())):
        return "tdm-reservation: 1"
    return None


def _robots_directive(line: str) -> str | None:
    """The first directive for us; a name before a colon says whom it and those after it are for."""
    concerns_us = True
    for part in _BETWEEN.split(line.lower()):
        name, colon, rest = part.partition(":")
        words = part
        if colon:
            if name.strip() in _WITH_VALUES or not _NAME.fullmatch(name.strip()):
                continue  # a date may hold a comma, and its time of day a colon: it names nobody
            concerns_us = name.strip() in {PRODUCT.lower(), "*"}
            words = rest
        for word in words.split() if concerns_us else ():
            if word in ROBOTS_DIRECTIVES:
                return word
    return None


@dataclass(frozen=True, slots=True)
class Reservations:
    """The rules of one `tdmrep.json`: the first pattern that matches a path decides (TDMRep, "TDM File on the Origin
    Server"). A reservation there ends the matter before the image is asked for, although a header on the image could
    still lift it: who wants to be mined does not reserve.
    """

    rules: tuple[tuple[str, bool], ...]  # pattern as of robots.txt, reserved

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a file; what is no rule is passed over, as a server that does not follow the protocol reserves
        nothing."""
        try:
            found = json.loads(data)
        except (ValueError, RecursionError):
            found = []
        rules = [rule for rule in found if isinstance(rule, Mapping)] if isinstance(found, list) else []
        return cls(
            tuple(
                (rule["location"], str(rule.get("tdm-reservation")) == "1")
                for rule in rules
                if isinstance(rule.get("location"), str) and str(rule.get("tdm-reservation")) in {"0", "1"}
            )
        )

    def covers(self, path: str) -> str | None:
        """The pattern that reserves `path` (with its query, quoted), or None."""
        path = _written_alike(path)
        for pattern, reserved in self.rules:
            if _matches(pattern, path):
                return pattern if reserved else None
        return None


def _matches(pattern: str, path: str) -> bool:
    """Whether a pattern of robots.txt matches the start of a path: `*` stands for anything, `$` at the end for the
    end. Takes time in proportion to the path, whatever the pattern."""
    to_the_end = pattern.endswith("$")
    head, *pieces = (_written_alike(piece) for piece in pattern.removesuffix("$").split("*"))
    if not path.startswith(head):
        return False
    at = len(head)
    if not pieces:
        return at == len(path) or not to_the_end
    *pieces, tail = pieces
    for piece in pieces:
        found = path.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    if to_the_end:
        return path.endswith(tail) and len(path) - len(tail) >= at
    return path.find(tail, at) >= 0


def _written_alike(text: str) -> str:
    """Percent-encoding where it is needed and nowhere else, as the specification asks for before comparing."""
    quoted = quote(text, safe="%/:?#[]@!$&'()*+,;=", errors="replace")
    return _ESCAPED.sub(_unescaped, quoted)


def _unescaped(escaped: re.Match[str]) -> str:
    character = chr(int(escaped[0][1:], 16))
    return character if character in _FREELY_WRITTEN else escaped[0].upper()
