from collections.abc import Iterator

import pytest
from starlette.requests import Request

from functions.address import client_address
from shared.settings import settings
from tests.functions.asking import request


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    yield
    settings.cache_clear()


@pytest.mark.parametrize(
    ("proxies", "told", "address"),
    [
        (0, "9.9.9.9", "10.0.0.1"), (1, "9.9.9.9, 8.8.8.8", "8.8.8.8"), (1, "8.8.8.8:4711", "8.8.8.8"),
        (2, "9.9.9.9, 8.8.8.8,10.1.1.1", "8.8.8.8"), (1, "[2001:db8::1]:443", "2001:db8::1"),
        (1, "2001:db8::1", "2001:db8::1"), (3, "9.9.9.9", "10.0.0.1"), (1, "unknown", None), (1, "", "10.0.0.1"),
    ],
)  # fmt: skip
def test_only_what_own_proxies_say_is_believed(
    monkeypatch: pytest.MonkeyPatch, proxies: int, told: str, address: str | None
) -> None:
    monkeypatch.setenv("PIXCRAWLER_PROXY_HOPS", str(proxies))
    settings.cache_clear()
    asked = request(headers={"x-forwarded-for": told} if told else {})
    assert client_address(Request({**asked.scope, "client": ("10.0.0.1", 4711)})) == address


def test_nobody_may_be_known() -> None:
    assert client_address(request()) is None
