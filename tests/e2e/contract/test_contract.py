"""Schemathesis against the app: whatever is sent, what comes back is what the OpenAPI document says.

It stops at what the API takes a few seconds to try. FUZZ holds more arguments for `schemathesis run`, such
as `--max-examples=200` or `--max-time=600`.
"""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.keys import store
from shared.settings import Settings, settings
from tests.e2e.contract.hosted import hosted
from tests.functions.test_access import export, image
from tests.shared.conftest import configured, owner, stores

__all__ = ["configured", "owner", "stores"]

CONFIG = Path(__file__).with_name("schemathesis.toml")
STORED = {"export": ("link_export",), "image": ("get_image", "get_thumbnail")}


@pytest.fixture
def app(stores: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Where the app answers; limits would answer in place of what is looked at here, and streams must end."""
    for name, value in {
        "REQUESTS_PER_SECOND": "0",
        "REFUSED_PER_MINUTE": "0",
        "QUOTA_CONCURRENT_BUILDS": "1000000",
        "QUOTA_IMAGES_PER_MONTH": "1000000000000",
        "QUOTA_STORED_BYTES": "1000000000000000000",
        "EVENTS_MINUTES": "0.001",
        "SAMPLE_URL": "http://127.0.0.1:9",  # asked by nobody: nothing is built
    }.items():
        monkeypatch.setenv(f"PIXCRAWLER_{name}", value)
    settings.cache_clear()
    with hosted() as url:
        yield url
    settings.cache_clear()


def quick() -> str:
    """Settings that leave out what takes minutes: bodies of 20 MB and more, at each limit of a dataset's request."""
    return '[[operations]]\ninclude-operation-id = "create_dataset"\nphases.coverage.enabled = false\n'


def stored(owner: str) -> str:
    """Settings for operations on what only a finished build has: a dataset with an image and an export."""
    lines = []
    for operations, things in ((STORED["export"], export(owner)), (STORED["image"], image(owner))):
        told = ", ".join(f'"path.{name}" = "{value}"' for name, value in things.items())
        lines.append(f"[[operations]]\ninclude-operation-id = {json.dumps(operations)}\nparameters = {{ {told} }}\n")
    return "\n".join(lines)


def test_the_app_keeps_to_its_description(app: str, owner: str, tmp_path: Path) -> None:
    key = store.create(owner, name="contract", role="admin", by="test")[0].text
    config = tmp_path / "schemathesis.toml"
    more = os.environ.get("FUZZ", "")
    config.write_text("\n".join([CONFIG.read_text(), stored(owner), "" if more else quick()]))
    command = [
        sys.executable, "-m", "schemathesis.cli", f"--config-file={config}", "run",
        f"{app}/api/v1/openapi.json", f"--header=Authorization: Bearer {key}",
        *shlex.split(more),
    ]  # fmt: skip
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
