"""The fetcher's manners and counts, against real servers on loopback."""

import asyncio
import hashlib
import json
import pickle
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from builder.download import first_link
from builder.errors import SettingError
from builder.fetcher import Fetcher, FetchLimits, Manners, TakeDownList
from builder.guard import AddressGuard
from builder.robots import MAX_BYTES
from builder.rows import Candidate, Fetched
from tests.builder.servers import TableResolver, allowing, raw_site, says, web_site

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
LIMITS = FetchLimits(connect_seconds=2, read_seconds=2, total_seconds=4, backoff_seconds=0.005)
BLUNT = Manners(robots=False, opt_outs=False)

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def candidate(url: str) -> Candidate:
    return Candidate(url=url, label="thing", engine="urls", query="thing")


@dataclass
class Site:
    """A site that counts what it is asked for. `answers` by path; every other path is a picture, or 404 if it is one
    of the files of rules."""

    answers: dict[str, Answer | web.Response | bytes] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    moments: list[float] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    now: int = 0
    most: int = 0
    port: int = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked[request.path] += 1
        self.moments.append(time.monotonic())
        self.arrived.set()
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            found = self.answers.get(request.path)
            if callable(found):
                return await found(request)
            if isinstance(found, web.Response):
                return web.Response(status=found.status, body=found.body, headers=found.headers)
            if found is None and request.path in {"/robots.txt", "/.well-known/tdmrep.json"}:
                return web.Response(status=404)
            return web.Response(body=PICTURE if found is None else found)
        finally:
            self.now -= 1

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    @property
    def guard(self) -> AddressGuard:
        return allowing(self.port)


@asynccontextmanager
async def serving(**answers: Answer | web.Response | bytes) -> AsyncIterator[Site]:
    """A `Site`; `robots`, `tdmrep` name the files of rules, any other name is a path."""
    names = {"robots": "/robots.txt", "tdmrep": "/.well-known/tdmrep.json"}
    site = Site({names.get(name, f"/{name}"): answer for name, answer in answers.items()})
    async with web_site(web.get("/{tail:.*}", site.answer)) as port:
        site.port = port
        yield site


async def fetch(site: Site, *paths: str, manners: Manners | None = None, limits: FetchLimits = LIMITS) -> list[Fetched]:
    async with Fetcher(limits, site.guard, manners) as fetcher:
        results = await asyncio.gather(*(fetcher.fetch(candidate(site.url(path))) for path in paths))
    for row, body in results:
        assert bool(body) == (row.reason is None)
    return [row for row, _ in results]


def no_ai() -> web.Response:
    return web.Response(body=PICTURE, headers={"X-Robots-Tag": "noai"})


def redirect(to: str) -> web.Response:
    return web.Response(status=302, headers={"Location": to})


def test_what_is_given_to_other_processes_can_be_pickled() -> None:
    manners = Manners(take_down=TakeDownList.parse(["host:a.example"]), processes=2)
    for thing in (manners, LIMITS, allowing(80)):
        assert pickle.loads(pickle.dumps(thing)) == thing  # noqa: S301


async def test_a_fetcher_that_is_not_open_says_so() -> None:
    fetcher = Fetcher(LIMITS, AddressGuard())
    with pytest.raises(RuntimeError, match="async with"):
        await fetcher.fetch(candidate("http://a.example/"))


# robots.txt


async def test_robots_txt_is_read_once_and_kept() -> None:
    async with serving(robots=b"User-agent: *\nDisallow: /private\n") as site:
        rows = await fetch(site, *(f"/{number}" for number in range(20)), "/private/1", "/private/2")
    assert [row.reason for row in rows] == [None] * 20 + ["robots"] * 2
    assert rows[-1].detail == f"robots.txt of 127.0.0.1:{site.port} disallows it"
    assert site.asked["/robots.txt"] == site.asked["/.well-known/tdmrep.json"] == 1
    assert not site.asked["/private/1"] + site.asked["/private/2"]


async def test_without_manners_nothing_is_asked_first() -> None:
    async with serving(robots=b"User-agent: *\nDisallow: /\n", a=no_ai()) as site:
        (row,) = await fetch(site, "/a", manners=BLUNT)
    assert (row.reason, site.asked) == (None, {"/a": 1})


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 451])
async def test_a_robots_txt_that_is_not_there_allows_everything(status: int) -> None:
    async with serving(robots=web.Response(status=status, body=b"User-agent: *\nDisallow: /\n")) as site:
        (row,) = await fetch(site, "/a")
    assert (row.reason, site.asked["/robots.txt"]) == (None, 1)


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_robots_txt_that_fails_allows_nothing_after_one_more_try(status: int) -> None:
    async with serving(robots=web.Response(status=status)) as site:
        rows = await fetch(site, "/a", "/b", "/c")
    assert {row.reason for row in rows} == {"robots"}
    assert f"HTTP {status}" in (rows[0].detail or "")
    assert site.asked == {"/robots.txt": 2}


async def test_a_robots_txt_that_recovers_is_kept() -> None:
    answers = [503, 200]

    async def recover(_: web.Request) -> web.Response:
        return web.Response(status=answers.pop(0), body=b"User-agent: *\nDisallow: /a")

    async with serving(robots=recover) as site:
        rows = await fetch(site, "/a", "/b")
    assert [row.reason for row in rows] == ["robots", None]


async def test_a_host_that_cannot_be_reached_says_so_itself() -> None:
    async with Fetcher(LIMITS, AddressGuard(), resolver=TableResolver({"in.example": [["10.0.0.1"]]})) as fetcher:
        rows = [(await fetcher.fetch(candidate(f"http://{name}/a")))[0] for name in ("none.example", "in.example")]
    assert [row.reason for row in rows] == ["dns", "address_refused"]
    assert all((row.detail or "").startswith("robots.txt could not be read") for row in rows)


async def test_a_robots_txt_that_drips_ends_at_the_deadline() -> None:
    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while True:
            writer.write(b"#")
            await writer.drain()
            await asyncio.sleep(0.02)

    limits = FetchLimits(total_seconds=0.3)
    async with raw_site(drip) as port, Fetcher(limits, allowing(port)) as fetcher, asyncio.timeout(3):
        rows = [(await fetcher.fetch(candidate(f"http://127.0.0.1:{port}/{name}")))[0] for name in "ab"]
    assert {row.reason for row in rows} == {"timeout"}


@pytest.mark.parametrize(("hops", "reason"), [(5, "robots"), (6, None)])
async def test_robots_txt_behind_redirects(hops: int, reason: str | None) -> None:
    async with serving() as site:
        for number in range(hops):
            site.answers["/robots.txt" if number == 0 else f"/hop{number}"] = redirect(f"/hop{number + 1}")
        site.answers[f"/hop{hops}"] = b"User-agent: PixCrawler\nDisallow: /"
        (row,) = await fetch(site, "/a")
    assert row.reason == reason


async def test_robots_txt_is_followed_where_images_are_not() -> None:
    async with serving(robots=redirect("/rules"), rules=b"User-agent: *\nDisallow: /a", b=redirect("/c")) as site:
        rows = await fetch(site, "/a", "/b", limits=FetchLimits(max_redirects=0))
    assert [row.reason for row in rows] == ["robots", "too_many_redirects"]


async def test_robots_txt_does_not_lead_inside() -> None:
    async with (
        serving(secret=b"User-agent: *\nAllow: /") as inside,
        serving(robots=redirect(inside.url("/secret"))) as site,
    ):
        (row,) = await fetch(site, "/a")
    assert row.reason == "address_refused"
    assert "robots.txt could not be read" in (row.detail or "")
    assert not inside.asked


async def test_an_endless_robots_txt_is_cut_after_its_last_whole_line() -> None:
    start = b"User-agent: *\nDisallow: /a\n"
    padding = b"#" * (MAX_BYTES - len(start) - len(b"\nDisallow: /"))
    async with serving(robots=start + padding + b"\nDisallow: /private\n" + b"x" * 100_000) as site:
        rows = await fetch(site, "/a", "/b", "/private")
    assert [row.reason for row in rows] == ["robots", None, None]


async def test_a_redirect_is_subject_to_the_rules_of_the_site_that_it_leads_to() -> None:
    async with (
        serving(robots=b"User-agent: *\nDisallow: /members") as there,
        serving(a=redirect(there.url("/members/1"))) as site,
        Fetcher(LIMITS, allowing(site.port, there.port)) as fetcher,
    ):
        row, _ = await fetcher.fetch(candidate(site.url("/a")))
    assert (row.reason, row.final_url) == ("robots", there.url("/members/1"))
    assert not there.asked["/members/1"]


async def test_who_gives_up_waiting_does_not_stop_the_others() -> None:
    asked, go = asyncio.Event(), asyncio.Event()

    async def slow(_: web.Request) -> web.Response:
        asked.set()
        await go.wait()
        return web.Response(body=b"User-agent: *\nDisallow: /a")

    async with serving(robots=slow) as site, Fetcher(LIMITS, site.guard) as fetcher:
        first, second = (asyncio.create_task(fetcher.fetch(candidate(site.url(path)))) for path in ("/b", "/a"))
        await asked.wait()
        first.cancel()
        await asyncio.wait([first])
        go.set()
        row, _ = await second
    assert first.cancelled()
    assert (row.reason, site.asked["/robots.txt"]) == ("robots", 1)


async def test_leaving_stops_what_asks_for_rules() -> None:
    asked = asyncio.Event()

    async def hang(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
        asked.set()
        await asyncio.Event().wait()

    async with raw_site(hang) as port, asyncio.timeout(2):
        async with Fetcher(LIMITS, allowing(port)) as fetcher:
            waiting = asyncio.create_task(fetcher.fetch(candidate(f"http://127.0.0.1:{port}/")))
            await asked.wait()
            waiting.cancel()
        assert len(asyncio.all_tasks()) <= 4  # this test's, the server's two, the one that waits


@pytest.mark.parametrize("processes", [1, 2])
async def test_a_crawl_delay_is_kept_and_shared_with_other_processes(processes: int) -> None:
    async with serving(robots=b"User-agent: *\nCrawl-delay: 0.05\n") as site:
        rows = await fetch(site, "/a", "/b", "/c", manners=Manners(processes=processes))
    assert all(row.reason is None for row in rows)
    pictures = site.moments[2:]  # after the two files of rules
    assert pictures[-1] - pictures[0] >= 0.09 * processes


async def test_spacing_holds_for_every_request_to_a_host() -> None:
    async with serving() as site:
        await fetch(site, "/a", "/b", limits=FetchLimits(host_spacing_seconds=0.05))
    assert len(site.moments) == 4
    assert site.moments[-1] - site.moments[1] >= 0.09  # the first may take long to arrive


# Opt-outs


@pytest.mark.parametrize(
    ("headers", "detail"),
    [
        ({"X-Robots-Tag": "noai"}, "X-Robots-Tag: noai"),
        ({"X-Robots-Tag": "googlebot: noindex, pixcrawler: noimageai"}, "X-Robots-Tag: noimageai"),
        ({"tdm-reservation": "1"}, "tdm-reservation: 1"),
        ({"X-Robots-Tag": "googlebot: noindex"}, None),
        ({"tdm-reservation": "0"}, None),
    ],
)
async def test_headers_that_opt_out(headers: dict[str, str], detail: str | None) -> None:
    async with serving(a=web.Response(body=PICTURE, headers=headers)) as site:
        (row,) = await fetch(site, "/a")
    assert (row.reason, row.detail) == ("opted_out" if detail else None, detail)
    assert (row.http_status, site.asked["/a"]) == (200, 1)


async def test_several_headers_are_all_read() -> None:
    head = b"HTTP/1.1 200 OK\r\nX-Robots-Tag: nofollow\r\nX-Robots-Tag: noarchive, noml\r\nContent-Length: 1\r\n\r\nx"
    async with raw_site(says(head)) as port, Fetcher(LIMITS, allowing(port), Manners(robots=False)) as fetcher:
        row, _ = await fetcher.fetch(candidate(f"http://127.0.0.1:{port}/"))
    assert (row.reason, row.detail) == ("opted_out", "X-Robots-Tag: noml")


async def test_the_body_of_what_opted_out_is_not_read() -> None:
    sent = 0
    closed = asyncio.Event()

    async def endless(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\nX-Robots-Tag: noai\r\nContent-Length: 50000000\r\n\r\n")
        try:
            while True:
                writer.write(bytes(65_536))
                sent += 65_536
                await writer.drain()
        except ConnectionError:
            closed.set()
            raise

    async with raw_site(endless) as port, Fetcher(LIMITS, allowing(port), Manners(robots=False)) as fetcher:
        row, _ = await fetcher.fetch(candidate(f"http://127.0.0.1:{port}/"))
        await asyncio.wait_for(closed.wait(), 3)
    assert row.reason == "opted_out"
    assert sent < 20_000_000  # buffers of the two sockets


async def test_a_reservation_on_file_ends_it_before_it_is_asked_for() -> None:
    rules = [{"location": "/free/", "tdm-reservation": 0}, {"location": "/", "tdm-reservation": 1}]
    async with serving(tdmrep=json.dumps(rules).encode()) as site:
        rows = await fetch(site, "/free/a", "/a")
    assert [row.reason for row in rows] == [None, "opted_out"]
    assert rows[1].detail == f"tdmrep.json of 127.0.0.1:{site.port} reserves /"
    assert not site.asked["/a"]


@pytest.mark.parametrize("status", [403, 500])
async def test_a_file_of_reservations_that_cannot_be_had_reserves_nothing(status: int) -> None:
    async with serving(tdmrep=web.Response(status=status)) as site:
        (row,) = await fetch(site, "/a")
    assert row.reason is None


async def test_robots_and_opt_outs_are_told_apart_by_settings() -> None:
    async with serving(robots=b"User-agent: *\nDisallow: /a", b=no_ai()) as site:
        rows = await fetch(site, "/a", "/b", manners=Manners(robots=False))
        assert [row.reason for row in rows] == [None, "opted_out"]
        assert not site.asked["/robots.txt"]
        rows = await fetch(site, "/a", "/b", manners=Manners(opt_outs=False))
        assert [row.reason for row in rows] == ["robots", None]
        assert site.asked["/.well-known/tdmrep.json"] == 1


# Addresses and links


@pytest.mark.parametrize(
    "host",
    ["0177.0.0.1", "2130706433", "0x7f.1", "127.1", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "169.254.169.254", "0"],
)
async def test_no_form_of_an_inner_address_is_asked_even_for_its_rules(host: str) -> None:
    async with serving() as site, Fetcher(LIMITS, AddressGuard()) as fetcher:
        row, _ = await fetcher.fetch(candidate(f"http://{host}:{site.port}/a"))
        assert (row.reason, "robots" in (row.detail or "")) == ("address_refused", False)
        assert not site.asked


@given(st.text(alphabet="ab/.%4~?&=#@ \u00e4", max_size=12))
def test_the_quick_way_to_read_a_link_gives_what_the_thorough_one_gives(path: str) -> None:
    fetcher = Fetcher(LIMITS, AddressGuard())
    fetcher._sites.get(URL("http://a.example/"))
    assert str(fetcher._link(f"http://a.example/{path}")) == str(first_link(f"http://a.example/{path}"))


# The take-down list


async def test_what_is_taken_down_is_not_asked_for_whatever_the_manners() -> None:
    async with serving() as site:
        listed = TakeDownList.parse([site.url("/a"), "host:sub.example"])
        rows = await fetch(site, "/a", "/b", manners=Manners(robots=False, opt_outs=False, take_down=listed))
    assert [row.reason for row in rows] == ["taken_down", None]
    assert rows[0].detail == f"{site.url('/a')} is on the take-down list"
    assert site.asked == {"/b": 1}


async def test_redirects_and_bytes_are_held_against_the_list() -> None:
    digest = hashlib.sha256(PICTURE).hexdigest()
    async with serving(a=redirect("/b"), c=b"another", d=redirect("http://deep.gone.example/")) as site:
        listed = TakeDownList.parse([site.url("/b"), f"sha256:{digest}", "host:gone.example"])
        rows = await fetch(site, "/a", "/c", "/d", "/e", manners=Manners(take_down=listed))
    assert [row.reason for row in rows] == ["taken_down", None, "taken_down", "taken_down"]
    assert rows[2].detail == "host:gone.example is on the take-down list"
    assert rows[3].detail == f"sha256:{digest} is on the take-down list"
    assert (rows[3].http_status, rows[3].size_bytes, site.asked["/b"], site.asked["/e"]) == (200, 0, 0, 1)


# Counts


async def test_a_redirect_counts_at_the_host_that_it_leads_to() -> None:
    """Both hosts redirect to each other at once, with one request at a time each."""
    async with serving() as one, serving() as other:
        for site, there in ((one, other), (other, one)):
            for number in range(6):
                site.answers[f"/from{number}"] = redirect(there.url(f"/to{number}"))

            async def picture(_: web.Request) -> web.Response:
                await asyncio.sleep(0.005)
                return web.Response(body=PICTURE)

            site.answers |= {f"/to{number}": picture for number in range(6)}
        limits = FetchLimits(per_host=1, concurrency=12)
        async with Fetcher(limits, allowing(one.port, other.port), BLUNT) as fetcher, asyncio.timeout(5):
            urls = [site.url(f"/from{number}") for site in (one, other) for number in range(6)]
            results = await asyncio.gather(*(fetcher.fetch(candidate(url)) for url in urls))
    assert all(row.reason is None for row, _ in results)
    assert one.most == other.most == 1


async def test_who_waits_for_a_retry_holds_no_slot() -> None:
    async def busy(request: web.Request) -> web.Response:
        if site.asked[request.path] == 1:
            return web.Response(status=500, headers={"Retry-After": "1"})
        return web.Response(body=PICTURE)

    async with serving(a=busy) as site:
        limits = FetchLimits(concurrency=1, per_host=1, retries=1)
        async with Fetcher(limits, site.guard, BLUNT) as fetcher:
            first = asyncio.create_task(fetcher.fetch(candidate(site.url("/a"))))
            await site.arrived.wait()
            rest = await asyncio.gather(*(fetcher.fetch(candidate(site.url(f"/{number}"))) for number in range(5)))
            assert not first.done()
            row, _ = await first
    assert all(one.reason is None for one, _ in rest)
    assert (row.reason, site.asked["/a"]) == (None, 2)
    assert row.seconds >= 1


async def test_a_host_that_asks_for_quiet_gets_it_from_everybody() -> None:
    async def busy(request: web.Request) -> web.Response:
        if site.asked[request.path] == 1:
            return web.Response(status=429, headers={"Retry-After": "1"})
        return web.Response(body=PICTURE)

    async with (
        serving(a=busy) as site,
        serving() as other,
        Fetcher(FetchLimits(per_host=1), allowing(site.port, other.port), BLUNT) as fetcher,
    ):
        tasks = [asyncio.create_task(fetcher.fetch(candidate(site.url(path)))) for path in ("/a", "/b", "/c")]
        await site.arrived.wait()
        row, _ = await fetcher.fetch(candidate(other.url("/d")))  # is not held up
        assert row.reason is None
        assert site.asked == {"/a": 1}
        results = await asyncio.gather(*tasks)
    assert [row.reason for row, _ in results] == [None] * 3
    assert min(site.moments[1:]) - site.moments[0] >= 0.99


async def test_a_host_that_asks_for_a_long_quiet_is_not_waited_for_and_not_asked_again() -> None:
    answer = web.Response(status=503, headers={"Retry-After": "86400"})
    async with serving(a=answer, b=redirect("/c")) as site, serving() as other:
        other.answers["/d"] = redirect(site.url("/d"))
        limits = FetchLimits(total_seconds=0.3, per_host=1)
        async with Fetcher(limits, allowing(site.port, other.port), BLUNT) as fetcher, asyncio.timeout(3):
            urls = [site.url("/a"), *(site.url(f"/{number}") for number in range(50)), other.url("/d"), other.url("/e")]
            rows = [row for row, _ in await asyncio.gather(*(fetcher.fetch(candidate(url)) for url in urls))]
    assert [row.reason for row in rows] == ["http_5xx", *["timeout"] * 51, None]
    assert rows[1].detail == "not asked for: the host wants no requests for another 86,400 s"
    assert site.asked == {"/a": 1}


async def test_a_quiet_host_is_no_host_without_robots_txt() -> None:
    async with serving() as site, Fetcher(LIMITS, site.guard) as fetcher:
        fetcher._sites.get(URL(site.url("/"))).host.quiet(3_600)
        row, _ = await fetcher.fetch(candidate(site.url("/a")))
    assert (row.reason, site.asked) == ("timeout", {})


async def test_who_was_refused_says_so_when_the_host_then_asks_for_a_long_quiet() -> None:
    async def busy(request: web.Request) -> web.Response:
        return web.Response(status=429, headers={"Retry-After": "1" if site.asked[request.path] == 1 else "3600"})

    async with serving(a=busy) as site:
        rows = await fetch(site, "/a", "/a", manners=BLUNT, limits=FetchLimits(per_host=1))
    assert [(row.reason, row.http_status) for row in rows] == [("http_4xx", 429), ("http_4xx", 429)]


async def test_waiting_for_a_turn_does_not_count() -> None:
    async def slow(_: web.Request) -> web.Response:
        await asyncio.sleep(0.1)
        return web.Response(body=PICTURE)

    async with serving() as site:
        site.answers |= {f"/{number}": slow for number in range(6)}
        limits = FetchLimits(total_seconds=0.4, per_host=1)
        rows = await fetch(site, *(f"/{number}" for number in range(6)), manners=BLUNT, limits=limits)
    assert [row.reason for row in rows] == [None] * 6
    assert max(row.seconds for row in rows) < 0.4


async def test_cancelling_gives_everything_back() -> None:
    async def hang(_: web.Request) -> web.Response:
        await asyncio.Event().wait()
        return web.Response()

    limits = FetchLimits(concurrency=1, per_host=1)
    room = asyncio.Semaphore(1)
    async with serving(a=hang) as site, Fetcher(limits, site.guard, BLUNT) as fetcher, asyncio.timeout(5):
        stuck = [asyncio.create_task(fetcher.fetch(candidate(site.url("/a")), room=room)) for _ in range(3)]
        await site.arrived.wait()
        for task in stuck:
            task.cancel()
        await asyncio.wait(stuck)
        row, body = await fetcher.fetch(candidate(site.url("/b")), room=room)
        assert (row.reason, body) == (None, PICTURE)
        assert room.locked()  # until the body is gone


async def test_a_bound_for_one_body() -> None:
    async with serving() as site, Fetcher(LIMITS, site.guard, BLUNT) as fetcher:
        row, _ = await fetcher.fetch(candidate(site.url("/a")), max_bytes=len(PICTURE) - 1)
        assert row.reason == "too_large"
        row, _ = await fetcher.fetch(candidate(site.url("/a")), max_bytes=len(PICTURE))
        assert row.reason is None


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_a_file_without_certificates_is_an_error(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingError, match=r"ca\.pem has no certificates"):
        Fetcher(LIMITS, AddressGuard(), ca_file=path)
