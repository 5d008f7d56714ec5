import subprocess
import sys
from pathlib import Path

import pytest

from local.processes import free_port
from tools.smoke import CannotSmokeError, target

ROOT = Path(__file__).parents[2]
KEY = {"PIXCRAWLER_API_KEY": "pxc_k"}


@pytest.mark.parametrize(
    "url", ["https://a.example", "https://a.example/", "http://127.0.0.1:7071", "http://localhost"]
)
def test_an_address_is_taken(url: str) -> None:
    assert target(url, KEY) == url.rstrip("/")


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("", "make smoke URL="),
        ("a.example", "make smoke URL="),
        ("ftp://a.example", "make smoke URL="),
        ("https://a.example/api/v1", "without a path"),
        ("https://a.example?key=k", "without a path"),
        ("https://:pxc_k@a.example", "PIXCRAWLER_API_KEY"),
        ("http://a.example", "https://a.example"),
    ],
)
def test_another_is_not(url: str, told: str) -> None:
    with pytest.raises(CannotSmokeError, match=told):
        target(url, KEY)


def test_there_must_be_a_key() -> None:
    with pytest.raises(CannotSmokeError, match="PIXCRAWLER_API_KEY is not set"):
        target("https://a.example", {"PIXCRAWLER_API_KEY": ""})


def test_it_says_that_nothing_answers() -> None:
    address = f"http://127.0.0.1:{free_port()}"
    command = [sys.executable, "-m", "tools.smoke", address]
    done = subprocess.run(command, cwd=ROOT, env=KEY, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2
    assert f"{address} does not answer" in done.stderr
    assert "Traceback" not in done.stderr
    assert "pxc_k" not in done.stderr + done.stdout
