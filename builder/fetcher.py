"""The fetcher: one session, one count of requests, one memory of sites, for everything that a process fetches."""

import asyncio
import logging
import random
import re
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from yarl import URL

from builder.authorities import trusting
from builder.download import Answer, DownloadError, ask, first_link, next_link
from builder.errors import AddressRefusedError
from builder.guard import AddressGuard
from builder.hosts import HostQuietError
from builder.limits import FetchLimits
from builder.links import MAX_URL_CHARACTERS
from builder.manners import Manners
from builder.names import Resolver
from builder.robots import MAX_REDIRECTS
from builder.rows import Candidate, Fetched, FetchReason
from builder.rules import Rules, learn_rules
from builder.session import Session
from builder.sites import Site, Sites
from builder.takedown import TakeDownList
from builder.text import one_line

__all__ = ["FetchLimits", "Fetcher", "Manners", "TakeDownList"]

MAX_DETAIL_CHARACTERS = 300

_RETRIES_OF: dict[FetchReason, int] = {"incomplete": 1}
"""Where fewer retries are worth it than of what is transient in general: a body that breaks off was already on its way
when it did, which is mostly the file's or a proxy's fault and costs both sides half a picture each time."""

_QUIET_STATUSES = frozenset({429, 503})
_PLAIN = re.compile(  # what `parse_link` would leave as it is, if the origin in front was met before
    r"(https?://[a-z0-9\-.:]+)/(?:[A-Za-z0-9\-._~/?:@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*"
)

logger = logging.getLogger(__name__)


class _Errand:
    """What one candidate, or one file of rules, may take."""

    __slots__ = ("failed", "left", "mannered", "max_bytes", "redirects", "retries", "room")

    def __init__(self, left: float, max_bytes: int, redirects: int, retries: int, *, mannered: bool) -> None:
        self.left = left  # seconds; the clock stands still while others have their turn
        self.max_bytes = max_bytes
        self.redirects = redirects
        self.retries = retries
        self.mannered = mannered  # not so for files of rules, which are what there is to ask
        self.room: asyncio.Semaphore | None = None
        self.failed: DownloadError | None = None  # the last try


class Fetcher:
    """Fetches candidates for one event loop; have one per process, so that its counts hold for all that is fetched.

    Global and per-host concurrency, spacing and quiet hold for every request: images, redirects (each counts at the
    host that it goes to), robots.txt. `guard` decides on every address, `manners` (all of them unless told) on what
    is asked for at all. `ca_file` is a PEM file of authorities that are trusted besides the system's; `SettingError`
    when it is none. `resolver` is asked instead of the system's.
    """

    def __init__(
        self,
        limits: FetchLimits,
        guard: AddressGuard,
        manners: Manners | None = None,
        *,
        ca_file: Path | None = None,
        resolver: Resolver | None = None,
    ) -> None:
        self.limits = limits
        self._guard = guard
        self._manners = manners or Manners()
        if ca_file is not None:
            trusting(ca_file)
        self._ca_file = ca_file
        self._resolver = resolver
        self._session: Session | None = None
        self._slots = asyncio.Semaphore(limits.concurrency)
        spacing = limits.host_spacing_seconds * self._manners.processes
        self._sites = Sites(limits, guard, spacing_seconds=spacing)

    async def __aenter__(self) -> Self:
        session = Session(self.limits, self._guard, resolver=self._resolver, ca_file=self._ca_file)
        self._session = await session.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        await self._sites.close()
        if self._session is not None:
            await self._session.__aexit__(kind, error, trace)
            self._session = None

    def taken_down(self, data: bytes) -> str | None:
        """The entry of the take-down list that covers these bytes, wherever they come from; None if there is none."""
        return self._manners.take_down.entry_for_bytes(data)

    async def fetch(
        self, candidate: Candidate, *, max_bytes: int | None = None, room: asyncio.Semaphore | None = None
    ) -> tuple[Fetched, bytes]:
        """Fetch one candidate: its row and its body, which is empty unless the row has no reason.

        Never raises for what servers do, `RuntimeError` when the fetcher is not open; cancelling it is safe at any
        time. It takes at most
        `limits.total_seconds` of its own (`seconds` in the row): requests, retries, redirects, waits between tries.
        Waiting for its turn, and for the rules of its site (which have as long for themselves), does not count.
        `max_bytes` bounds this body instead of `limits.max_bytes`. `room`, when given, is acquired before a request
        and given back after it, unless there is a body: then the caller gives it back when the body is gone.
        """
        if self._session is None:
            msg = "this Fetcher is not open: use it within `async with`"
            raise RuntimeError(msg)
        limits = self.limits
        max_bytes = limits.max_bytes if max_bytes is None else max_bytes
        errand = _Errand(limits.total_seconds, max_bytes, limits.max_redirects, limits.retries, mannered=True)
        errand.room = room
        answer: Answer | None = None
        reason: FetchReason | None = None
        detail: str | None = None
        try:
            answer = await self._with_retries(candidate.url, errand)
        except DownloadError as error:
            answer, reason, detail = error.answer, error.reason, str(error)
        except TimeoutError:
            reason, detail = "timeout", f"not complete after {limits.total_seconds:g} s"
        except Exception as error:  # one candidate never ends a shard; whatever this is, it is logged whole
            logger.exception("unexpected failure while fetching %s", candidate.url)
            reason, detail = "connection", f"{type(error).__name__}: {error}"
        body = answer.body if answer and reason is None else b""
        row = Fetched(
            candidate=candidate,
            reason=reason,
            detail=one_line(detail, MAX_DETAIL_CHARACTERS) if detail else None,
            http_status=answer.http_status if answer else None,
            content_type=(
                one_line(answer.content_type, MAX_DETAIL_CHARACTERS) if answer and answer.content_type else None
            ),
            final_url=answer.final_url if answer else None,
            size_bytes=len(body),
            seconds=round(limits.total_seconds - errand.left, 3),
        )
        return row, body

    async def _with_retries(self, text: str | URL, errand: _Errand) -> Answer:
        """Try again what is transient, unless the wait would pass the deadline: then the last failure is the outcome.

        The waits are what the server asks for, or tenacity's `wait_random_exponential` ("full jitter"). It is written
        out because tenacity's loop costs 0.13 ms a call even when nothing fails, as much as the whole request.
        """
        tried = 0
        while True:
            try:
                return await self._follow(self._link(text) if isinstance(text, str) else text, errand)
            except HostQuietError as error:
                if errand.failed is not None:
                    raise errand.failed from error
                msg = f"not asked for: {error}"
                raise DownloadError("timeout", msg) from error
            except DownloadError as error:
                errand.failed = error
                wait = error.retry_after
                if wait is None:
                    wait = random.uniform(0, 2 * self.limits.backoff_seconds * 2**tried)  # noqa: S311 - jitter is no secret
                tries = min(errand.retries, _RETRIES_OF.get(error.reason, errand.retries))
                if not error.transient or tried >= tries or wait >= errand.left:
                    raise
            errand.left -= wait
            await asyncio.sleep(wait)
            tried += 1

    def _link(self, text: str) -> URL:
        plain = _PLAIN.fullmatch(text)
        if plain and len(text) <= MAX_URL_CHARACTERS and self._sites.known(plain[1]):
            return URL(text, encoded=True)
        return first_link(text)

    async def _follow(self, url: URL, errand: _Errand) -> Answer:
        """Ask for `url` and for what it redirects to, each address checked like the first."""
        for _ in range(errand.redirects + 1):
            if (entry := self._manners.take_down.entry_for_url(url)) is not None:
                raise DownloadError("taken_down", f"{entry} is on the take-down list", Answer(str(url)))
            try:
                site = self._sites.get(url)
            except AddressRefusedError as error:
                raise DownloadError("address_refused", str(error), Answer(str(url))) from error
            if errand.mannered:
                rules = await self._rules(site)
                check = rules.objection
                objection = await asyncio.to_thread(check, url) if rules.heavy else check(url)
                if objection is not None:
                    raise DownloadError(*objection, Answer(str(url)))
            answer = await self._request(site, url, errand)
            if answer.location is None:
                return answer
            url = next_link(url, answer.location)
        raise DownloadError("too_many_redirects", f"more than {errand.redirects} redirects", Answer(str(url)))

    async def _request(self, site: Site, url: URL, errand: _Errand) -> Answer:
        """One request in its turn. Host before room before slot: who waits for a host keeps nobody else waiting."""
        async with site.host:
            if errand.room is not None:
                await errand.room.acquire()
            has_body = False
            try:
                answer = await self._ask(url, errand)
                site.host.answered()
                has_body = bool(answer.body)
                return answer
            except DownloadError as error:
                status = error.answer.http_status if error.answer else None
                if error.retry_after and status in _QUIET_STATUSES:
                    site.host.quiet(error.retry_after)
                elif status is not None:
                    site.host.answered()
                raise
            finally:
                if errand.room is not None and not has_body:
                    errand.room.release()

    async def _ask(self, url: URL, errand: _Errand) -> Answer:
        """One request, on the clock of its errand, and a look at the bytes that it brought."""
        assert self._session is not None  # noqa: S101 - `fetch` has looked
        opt_outs = errand.mannered and self._manners.opt_outs
        async with self._slots:
            started = time.monotonic()
            try:
                answer = await ask(
                    self._session, url, errand.max_bytes, errand.left, opt_outs=opt_outs, cut=not errand.mannered
                )
            finally:
                errand.left -= time.monotonic() - started
        if (entry := self._manners.take_down.entry_for_bytes(answer.body)) is not None:
            told = Answer(answer.final_url, answer.http_status, answer.content_type)
            raise DownloadError("taken_down", f"{entry} is on the take-down list", told)
        return answer

    async def _rules(self, site: Site) -> Rules:
        """The rules of a site: asked for once, by a task of its own that no candidate's end can stop."""
        if site.rules is None or time.monotonic() >= site.until:
            if site.lookup is None or site.lookup.done():
                site.lookup = asyncio.create_task(self._learn(site))
            await asyncio.shield(site.lookup)
            assert site.rules is not None  # noqa: S101 - `_learn` ends with some, whatever happens
        return site.rules

    async def _learn(self, site: Site) -> None:
        errand = _Errand(self.limits.total_seconds, 0, MAX_REDIRECTS, 1, mannered=False)

        async def get(url: URL, max_bytes: int) -> Answer:
            errand.max_bytes = max_bytes
            return await self._with_retries(url, errand)

        try:
            rules = await learn_rules(get, site.origin, self._manners)
        except Exception as error:  # one site never ends a shard, and what is not known is not allowed
            logger.exception("unexpected failure while asking %s for its rules", site.origin)
            rules = Rules(("robots", f"robots.txt could not be read: {type(error).__name__}: {error}"))
        if rules.robots is not None and rules.robots.delay:
            site.host.space(rules.robots.delay * self._manners.processes)
        self._sites.learn(site, rules)
