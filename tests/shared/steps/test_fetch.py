"""`shared.steps.fetch`: its limits."""

import pytest

from builder.spec import ImageSpec
from shared.settings import settings
from shared.steps.fetch import _limits


def test_large_images_are_fetched_fewer_at_once() -> None:
    usual = _limits(ImageSpec().max_bytes)
    assert usual.concurrency == settings().fetch_concurrency


@pytest.mark.parametrize("max_bytes", [1_000, 20_000_000, 50_000_000, 100_000_000])
def test_bodies_under_way_fit_into_memory(max_bytes: int) -> None:
    limits = _limits(max_bytes)
    assert limits.max_bytes == max_bytes
    assert 1 <= limits.concurrency <= settings().fetch_concurrency
    assert limits.concurrency * max_bytes <= 640_000_000
