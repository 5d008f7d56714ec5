"""Sites: one per origin whatever its spelling, turns shared per host, forgotten only when nobody uses them."""

import asyncio

import pytest
from yarl import URL

from builder import sites as module
from builder.errors import AddressRefusedError
from builder.guard import AddressGuard
from builder.limits import FetchLimits
from builder.rules import Rules
from builder.sites import Sites


@pytest.fixture
def sites() -> Sites:
    return Sites(FetchLimits(), AddressGuard(), spacing_seconds=0.0)


def encoded(text: str) -> URL:
    return URL(text, encoded=True)


def test_spellings_of_one_origin_are_one_site(sites: Sites) -> None:
    site = sites.get(encoded("http://a.example/x"))
    for text in ("http://a.example:80/y", "http://A.Example/", "http://a.example./z"):
        assert sites.get(encoded(text)) is site
    assert sites.known("http://a.example") is sites.known("http://A.Example") is site
    assert sites.known("http://b.example") is None


def test_schemes_have_rules_of_their_own_and_share_their_turns(sites: Sites) -> None:
    plain, secure = sites.get(encoded("http://a.example/")), sites.get(encoded("https://a.example/"))
    assert plain is not secure
    assert plain.host is secure.host
    assert sites.get(encoded("http://a.example:8080/")).host is not plain.host
    assert sites.get(encoded("http://b.example/")).host is not plain.host


def test_a_literal_address_is_refused_under_every_spelling(sites: Sites) -> None:
    for text in ("http://10.0.0.1/", "http://0x0a000001/", "http://[::1]/", "http://[::ffff:10.0.0.1]:80/"):
        with pytest.raises(AddressRefusedError):
            sites.get(encoded(text))


async def test_only_idle_sites_are_forgotten(sites: Sites, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_SITES", 10)
    first = sites.get(encoded("http://0.example/"))
    quiet = sites.get(encoded("http://quiet.example/"))
    quiet.host.quiet(60)
    asking = sites.get(encoded("http://asking.example/"))
    asking.lookup = asyncio.create_task(asyncio.Event().wait())  # type: ignore[arg-type]  # any task will do
    async with first.host:
        for number in range(1, 60):
            sites.get(encoded(f"http://{number}.example/"))
        assert sites.get(encoded("http://0.example/")) is first
    assert sites.get(encoded("http://quiet.example/")) is quiet
    assert sites.get(encoded("http://asking.example/")) is asking
    assert len(sites._by_text) <= 20
    assert sites.known("http://1.example") is None
    await sites.close()
    assert asking.lookup.cancelled()


def test_hosts_that_want_to_be_left_alone_are_not_remembered_without_bound(
    sites: Sites, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_SITES", 10)
    for number in range(100):
        sites.get(encoded(f"http://{number}.example/")).host.quiet(3_600)
    assert len(sites._by_origin) <= 10


def test_rules_count_by_their_size(sites: Sites, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_FILE_BYTES", 1_000)
    for number in range(8):
        sites.learn(sites.get(encoded(f"http://{number}.example/")), Rules(file_bytes=400))
    assert len(sites._by_origin) <= 4
