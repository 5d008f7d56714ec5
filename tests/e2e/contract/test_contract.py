"""Schemathesis against the app: whatever is sent, what comes back is what the OpenAPI document says."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.keys import store
from shared.settings import Settings, settings
from tests.e2e.contract.hosted import ROOT, hosted
from tests.shared.conftest import configured, owner, stores

__all__ = ["configured", "owner", "stores"]

CONFIG = Path(__file__).with_name("schemathesis.toml")


@pytest.fixture
def app(stores: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Where the app answers; limits would answer in place of what is looked at here, and streams must end."""
    for name, value in {
        "REQUESTS_PER_SECOND": "0",
        "REFUSED_PER_MINUTE": "0",
        "QUOTA_CONCURRENT_BUILDS": "1000000",
        "EVENTS_MINUTES": "0.001",
    }.items():
        monkeypatch.setenv(f"PIXCRAWLER_{name}", value)
    settings.cache_clear()
    with hosted() as url:
        yield url
    settings.cache_clear()


def test_the_app_keeps_to_its_description(app: str, owner: str, tmp_path: Path) -> None:
    key = store.create(owner, name="contract", role="admin", by="test")[0].text
    command = [
        ROOT / ".venv/bin/schemathesis", f"--config-file={CONFIG}", "run", f"{app}/api/v1/openapi.json",
        "-H", f"Authorization: Bearer {key}", *os.environ.get("PIXCRAWLER_FUZZ", "").split(),
    ]  # fmt: skip
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    print(done.stdout, done.stderr)
    assert done.returncode == 0
