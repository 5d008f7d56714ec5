"""The take-down list: URLs, hosts and pictures that must never be fetched or kept, whatever found them."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from yarl import URL

from builder.errors import TakeDownListError
from builder.links import is_plain, parse_link
from builder.rows import ImageRow

_HOST, _SHA256 = "host:", "sha256:"
_HOST_NAME = re.compile(r"[a-z0-9._\-:]+")  # punycode or an address
_UNUSUAL = re.compile(r"%|/\.|\?$")  # escapes, dot segments, a query of nothing: spelt alike by yarl
_HEX_DIGEST = re.compile(r"[0-9A-Fa-f]{64}")


@dataclass(frozen=True, slots=True)
class TakeDownList:
    """What was asked to be left alone. Looking something up takes the same time however long the list is."""

    urls: frozenset[str] = frozenset()  # without scheme, see `_url_key`
    hosts: frozenset[str] = frozenset()  # in lower case and punycode; each covers its subdomains
    hashes: frozenset[bytes] = frozenset()  # SHA-256 of bytes as served, 32 bytes each

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a list from a UTF-8 file, see `parse`; `TakeDownListError` names a line that cannot be used."""
        try:
            with path.open(encoding="utf-8-sig") as lines:
                return cls.parse(lines)
        except OSError as error:
            raise TakeDownListError(0, f"cannot be read: {error.strerror or error}") from error
        except UnicodeDecodeError as error:
            raise TakeDownListError(0, "not UTF-8 text: save the list as UTF-8") from error

    @classmethod
    def parse(cls, lines: Iterable[str]) -> Self:
        """Read lines: `host:example.org` (and all below it), `sha256:` and 64 hex digits, or a URL.

        Blank lines and those that start with `#` are passed over. Any other line raises `TakeDownListError`: a
        request to be left alone that is misspelt must not go unheard.
        """
        urls, hosts, hashes = set[str](), set[str](), set[bytes]()
        for number, raw in enumerate(lines, start=1):
            line = raw.strip()
            if not line or line.startswith("#"):
                continue
            if line.lower().startswith(_HOST):
                hosts.add(_host(line[len(_HOST) :].strip(), number))
            elif line.lower().startswith(_SHA256):
                hashes.add(_digest(line[len(_SHA256) :].strip(), number))
            else:
                try:
                    urls.add(_plain_key(line) or _url_key(parse_link(line)))
                except ValueError as error:
                    msg = f"{error}: write a URL, host:example.org or sha256: and 64 hex digits, not {line[:100]!r}"
                    raise TakeDownListError(number, msg) from error
        return cls(frozenset(urls), frozenset(hosts), frozenset(hashes))

    def entry_for_url(self, url: URL) -> str | None:
        """The entry that covers `url`, as the list would spell it, or None."""
        if self.hosts:
            host = (url.raw_host or "").lower().rstrip(".")
            while host:
                if host in self.hosts:
                    return _HOST + host
                host = host.partition(".")[2]
        if self.urls and (key := _url_key(url)) in self.urls:
            return f"{url.scheme}://{key}"
        return None

    def entry_for_bytes(self, data: bytes) -> str | None:
        """The entry that covers these bytes, as served, or None. Hashes them only when the list has hashes."""
        if self.hashes and (digest := hashlib.sha256(data).digest()) in self.hashes:
            return _SHA256 + digest.hex()
        return None

    def entry_for_row(self, row: ImageRow) -> str | None:
        """Why an image that was kept in an earlier run must go, or None."""
        links = [URL(text) for text in (row.url, row.final_url) if text]
        entry = next(filter(None, map(self.entry_for_url, links)), None)
        if entry is None and row.source_sha256 and bytes.fromhex(row.source_sha256) in self.hashes:
            entry = _SHA256 + row.source_sha256
        return f"{entry} is on the take-down list" if entry else None

    def __bool__(self) -> bool:
        """Whether it has any entry."""
        return bool(self.urls or self.hosts or self.hashes)


def _url_key(url: URL) -> str:
    """Host, port unless it is the usual one, path and query, quoted in one way: http and https are the same picture."""
    again = URL(str(url))
    host = (again.raw_host or "").rstrip(".")
    port = "" if again.is_default_port() else f":{again.port}"
    return f"{host}{port}{again.raw_path_qs}"


def _plain_key(text: str) -> str | None:
    """What `_url_key` would say of a URL that is spelt in the usual way, at a tenth of the time; None of any other."""
    if is_plain(text) and not _UNUSUAL.search(text):
        return text.partition("://")[2]
    return None


def _host(name: str, line: int) -> str:
    try:
        url = URL(str(parse_link(f"http://{name.rstrip('.')}/")))
    except ValueError:
        url = URL()
    if not _HOST_NAME.fullmatch(url.raw_host or "") or url.raw_path_qs != "/" or url.explicit_port is not None:
        msg = f"{name[:100]!r} is no host: write host:example.org, which covers its subdomains"
        raise TakeDownListError(line, msg)
    return url.raw_host or ""


def _digest(text: str, line: int) -> bytes:
    if not _HEX_DIGEST.fullmatch(text):
        raise TakeDownListError(line, f"{text[:100]!r} is no SHA-256: write sha256: and 64 hex digits")
    return bytes.fromhex(text)
