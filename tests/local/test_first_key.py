from collections.abc import Iterator
from pathlib import Path

import pytest

from local import first_key
from local.first_key import FirstKeyError, ensure, read
from local.processes import free_port
from shared.keys.text import read_key
from tests.conftest import Cosmos
from tests.local.fake_api import FakeApi, serving


@pytest.fixture
def environment(cosmos: Cosmos) -> dict[str, str]:
    """The app's settings, as the stack tells them."""
    return {
        "PIXCRAWLER_COSMOS_ENDPOINT": cosmos.endpoint,
        "PIXCRAWLER_COSMOS_KEY": cosmos.key,
        "PIXCRAWLER_CREATE_RESOURCES": "true",
    }


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with serving() as api:
        yield api


def test_a_key_is_made_once_and_again_when_the_database_forgot_it(environment: dict[str, str], tmp_path: Path) -> None:
    assert read(tmp_path) is None
    ensure(tmp_path, environment, api=None)
    first = read(tmp_path)
    assert first is not None
    assert read_key(first) is not None
    assert [(path.name, path.stat().st_mode & 0o777) for path in tmp_path.iterdir()] == [("api-key", 0o600)]
    ensure(tmp_path, environment, api=None)
    assert read(tmp_path) == first
    ensure(tmp_path, {**environment, "PIXCRAWLER_COSMOS_DATABASE": "another"}, api=None)
    assert read(tmp_path) not in {None, first}


def test_the_api_is_asked_where_there_is_one(api: FakeApi, tmp_path: Path) -> None:
    (tmp_path / first_key.FILE).write_text("pxc_kept\n")
    api.answer("GET /me", {"tenant": "default"})
    ensure(tmp_path, {}, api=api.url)
    assert (api.asked, api.credentials) == ([("GET /me", b"")], ["Bearer pxc_kept"])


def test_why_no_key_can_be_made_in_place_of_one_that_does_not_count(api: FakeApi, tmp_path: Path) -> None:
    (tmp_path / first_key.FILE).write_text("pxc_kept")
    api.answer("GET /me", {}, status=401)
    with pytest.raises(FirstKeyError, match=r"could not be made: Error: Settings: .*key_cache_seconds"):
        ensure(tmp_path, {"PIXCRAWLER_KEY_CACHE_SECONDS": "soon"}, api=api.url)
    assert [path.name for path in tmp_path.iterdir()] == [first_key.FILE]


def test_an_api_that_does_not_say_is_no_reason_for_another_key(tmp_path: Path) -> None:
    (tmp_path / first_key.FILE).write_text("pxc_kept")
    with pytest.raises(FirstKeyError, match="does not say"):
        ensure(tmp_path, {}, api=f"http://127.0.0.1:{free_port()}")
    assert read(tmp_path) == "pxc_kept"


def test_a_file_that_cannot_be_written_is_told_before_there_is_a_key(tmp_path: Path) -> None:
    with pytest.raises(FirstKeyError, match="cannot be written"):
        ensure(tmp_path / "nowhere", {}, api=None)
