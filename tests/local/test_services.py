from pathlib import Path

import pytest

from local import azurite
from local.config import StackSettings
from local.gallery import site_urls
from local.services import answers_ok, app_settings, stack
from tests.local.fake_api import serving


def test_the_stack_takes_every_port_of_its_settings_once(tmp_path: Path) -> None:
    settings = StackSettings(data=tmp_path)
    stages = stack(settings)
    assert [[service.name for service in stage] for stage in stages] == [["azurite", "cosmos", "gallery"], ["host"]]
    ports = [port for stage in stages for service in stage for port in service.ports]
    assert sorted(ports) == sorted({*ports})
    assert sorted(ports) == [7071, 7072, 8081, 10_000, 10_001, 10_002, 10_100, 10_101, 10_102, 10_103]


def test_the_app_is_told_where_everything_is() -> None:
    settings = StackSettings(blob_port=11_000, cosmos_port=11_001, gallery_port=11_100)
    told = app_settings(settings)
    assert told["AzureWebJobsStorage"] == azurite.connection_string(
        blob_port=11_000, queue_port=10_001, table_port=10_002
    )
    assert told["PIXCRAWLER_COSMOS_ENDPOINT"] == "http://127.0.0.1:11001"
    assert told["PIXCRAWLER_SAMPLE_URL"] == site_urls(11_100)[0]
    assert told["PIXCRAWLER_FETCH_ALLOW"] == "127.0.0.1:11100,127.0.0.1:11101,127.0.0.1:11102,127.0.0.1:11103"


def test_a_person_s_own_exceptions_of_the_address_guard_are_added(monkeypatch: pytest.MonkeyPatch) -> None:
    before = app_settings(StackSettings())["PIXCRAWLER_FETCH_ALLOW"]
    monkeypatch.setenv("PIXCRAWLER_FETCH_ALLOW", "127.0.0.1:9000")
    assert app_settings(StackSettings())["PIXCRAWLER_FETCH_ALLOW"] == f"{before},127.0.0.1:9000"


def test_a_person_s_own_time_limit_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    assert app_settings(StackSettings())["PIXCRAWLER_FETCH_TIMEOUT_SECONDS"] == "10"
    monkeypatch.setenv("PIXCRAWLER_FETCH_TIMEOUT_SECONDS", "33")
    assert app_settings(StackSettings())["PIXCRAWLER_FETCH_TIMEOUT_SECONDS"] == "33"


def test_ready_is_200_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")  # must not be asked for what is on this machine
    with serving() as api:
        api.answer("GET /good", b"")
        api.answer("GET /bad", b"", status=503)
        assert answers_ok(f"{api.url}/good")
        assert not answers_ok(f"{api.url}/bad")
    assert not answers_ok(f"{api.url}/good")


def test_the_host_can_be_left_to_core_tools(tmp_path: Path) -> None:
    settings = StackSettings(data=tmp_path)
    names = [[service.name for service in stage] for stage in stack(settings, with_host=False)]
    assert names == [["azurite", "cosmos", "gallery"]]
    for with_host, last in ((True, "host"), (False, "cosmos")):
        services = [one for stage in stack(settings, with_host=with_host) for one in stage]
        assert [one.name for one in services if one.then] == [last], "makes the first key, where it can be tried"
    assert [service.name for service in stack(settings)[-1]] == ["host"]


def test_the_host_is_told_the_key_that_seals(tmp_path: Path) -> None:
    settings = StackSettings(data=tmp_path / "data")
    told = [stack(settings)[-1][0].env["PIXCRAWLER_SEALING_KEYS"] for _ in range(2)]
    assert told == [(settings.data / "sealing-key").read_text()] * 2
