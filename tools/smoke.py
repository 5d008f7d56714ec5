"""Looks at a deployment as a user would, and has it build a tiny dataset: `make smoke URL=https://...`.

The key comes from PIXCRAWLER_API_KEY: the role editor suffices. What is made is removed.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from urllib.parse import urlsplit

TEST = "tests/e2e/test_smoke.py"
WAIT_SECONDS = 120
"""For the first answer: on Azure, an instance may have to start for it."""


class CannotSmokeError(Exception):
    """There is nothing to look at, or nothing to look with; the message says what to do."""


def target(url: str, environment: Mapping[str, str]) -> str:
    """The address of the deployment, without path; CannotSmokeError when it, or the key, is not as it must be."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query:
        msg = "say which deployment: make smoke URL=https://... (without a path)"
        raise CannotSmokeError(msg)
    if parts.username or parts.password:
        msg = "credentials do not belong into an address: put a key into PIXCRAWLER_API_KEY"
        raise CannotSmokeError(msg)
    if parts.scheme == "http" and parts.hostname not in ("127.0.0.1", "localhost"):
        msg = f"a key is not sent in the clear: https://{parts.netloc}"
        raise CannotSmokeError(msg)
    if not environment.get("PIXCRAWLER_API_KEY"):
        msg = "PIXCRAWLER_API_KEY is not set: it takes a key of the role editor"
        raise CannotSmokeError(msg)
    return f"{parts.scheme}://{parts.netloc}"


def check_answers(address: str) -> None:
    """CannotSmokeError when nothing, or something else, answers there."""
    import httpx

    try:
        answer = httpx.get(f"{address}/api/v1/health/live", timeout=WAIT_SECONDS)
    except httpx.HTTPError as error:
        msg = f"{address} does not answer: {error}"
        raise CannotSmokeError(msg) from None
    if answer.status_code != httpx.codes.OK:
        msg = f"{address}/api/v1/health/live answers {answer.status_code}: is PixCrawler there, and did it start?"
        raise CannotSmokeError(msg)


def main(arguments: list[str]) -> int:
    """Look at it; pytest's exit code, or 2 when nothing could be looked at."""
    try:
        address = target(arguments[0] if arguments else "", os.environ)
        check_answers(address)
    except CannotSmokeError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", TEST]
    return subprocess.run(command, env={**os.environ, "PIXCRAWLER_SMOKE_URL": address}, check=False).returncode  # noqa: S603 (nothing of the command comes from outside)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
