"""The sites that a fetcher knows: one per origin, found again by the text that stands before the path."""

import asyncio
import time
from weakref import WeakValueDictionary

from yarl import URL

from builder.guard import AddressGuard
from builder.hosts import Host
from builder.limits import FetchLimits
from builder.rules import Rules

MAX_SITES = 10_000
MAX_FILE_BYTES = 32_000_000
"""How many sites are remembered, and from how many bytes of rules; parsed, these take about ten times the memory."""


class Site:
    """One origin: its turns, its rules, and the task that is asking for them."""

    __slots__ = ("host", "lookup", "origin", "rules", "until")

    def __init__(self, origin: URL, host: Host) -> None:
        self.origin = origin
        self.host = host
        self.rules: Rules | None = None  # None: not asked yet
        self.until = 0.0  # when the rules must be asked for again; monotonic time
        self.lookup: asyncio.Task[None] | None = None

    @property
    def idle(self) -> bool:
        """Whether forgetting this site costs no more than asking it for its rules again."""
        return self.host.idle and self.unused

    @property
    def unused(self) -> bool:
        """Whether nobody asks it for anything."""
        return self.host.unused and (self.lookup is None or self.lookup.done())


class Sites:
    """All sites, each checked by the guard when it is first met under a spelling.

    Turns are a host's, whatever the scheme, as long as the port is the usual one.
    """

    def __init__(self, limits: FetchLimits, guard: AddressGuard, *, spacing_seconds: float) -> None:
        self._limits = limits
        self._guard = guard
        self._spacing = spacing_seconds
        self._by_text: dict[str, Site] = {}
        self._by_origin: dict[str, Site] = {}
        self._hosts: WeakValueDictionary[str, Host] = WeakValueDictionary()
        self._file_bytes = 0  # of rules, read since the last time that room was made

    def known(self, text: str) -> Site | None:
        """The site of `https://example.org`, in a spelling that `get` was asked for before."""
        return self._by_text.get(text)

    def get(self, url: URL) -> Site:
        """The site of a URL; `AddressRefusedError` if its host is an address that is not fetched from."""
        text = f"{url.scheme}://{url.raw_authority}"
        site = self._by_text.get(text)
        if site is None:
            self._guard.check_host(url.raw_host or "", url.port or 0)
            self._forget()
            site = self._by_text[text] = self._same_origin(url)
        return site

    async def close(self) -> None:
        """Stop asking for rules."""
        lookups = [site.lookup for site in self._by_origin.values() if site.lookup and not site.lookup.done()]
        for lookup in lookups:
            lookup.cancel()
        await asyncio.gather(*lookups, return_exceptions=True)

    def _same_origin(self, url: URL) -> Site:
        name = (url.raw_host or "").lower().rstrip(".")
        key = f"{url.scheme}://{name}:{url.port}"
        if key not in self._by_origin:
            turns = name if url.is_default_port() else f"{name}:{url.port}"
            host = self._hosts.get(turns)
            if host is None:
                host = self._hosts[turns] = Host(
                    self._limits.per_host, self._spacing, patience_seconds=self._limits.total_seconds
                )
            self._by_origin[key] = Site(url.origin(), host)
        return self._by_origin[key]

    def learn(self, site: Site, rules: Rules) -> None:
        """Keep to these rules from now on, for as long as they are good."""
        site.rules = rules
        site.until = time.monotonic() + rules.seconds
        self._file_bytes += rules.file_bytes

    def _forget(self) -> None:
        """Make room: the older half of the idle ones; of the unused ones where nearly all ask for quiet."""
        if len(self._by_text) < MAX_SITES and self._file_bytes < MAX_FILE_BYTES:
            return
        idle = [key for key, site in self._by_origin.items() if site.idle]
        if len(idle) < len(self._by_origin) // 4:
            idle = [key for key, site in self._by_origin.items() if site.unused]
        for key in idle[: len(idle) // 2 + 1]:
            del self._by_origin[key]
        kept = {id(site) for site in self._by_origin.values()}
        self._by_text = {text: site for text, site in self._by_text.items() if id(site) in kept}
        self._file_bytes = sum(site.rules.file_bytes for site in self._by_origin.values() if site.rules)
