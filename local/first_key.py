"""The local stack's first API key: an admin's of the tenant `default`, kept in the data folder."""

import os
import subprocess
import sys
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path

import requests

from local.config import ROOT

TENANT = "default"
FILE = "api-key"
COMMAND_SECONDS = 60.0
PROBE_SECONDS = 5.0


class FirstKeyError(Exception):
    """The key cannot be made; the message says why."""


def read(data: Path) -> str | None:
    """The key in a stack's data folder, None if there is none."""
    try:
        return (data / FILE).read_text().strip() or None
    except OSError:
        return None


def ensure(data: Path, environment: Mapping[str, str], *, api: str | None) -> None:
    """See to it that the data folder holds a key that counts: the one that is there, or else a new one.

    `environment` is the app's settings; `api` is asked about the key that is there, or the database when there is no
    API. A key no longer counts when the database was wiped, or it was revoked. Raises FirstKeyError.
    """
    key = read(data)
    if key is not None and (_counts_for(api, key) if api is not None else _is_stored(key, environment)):
        return
    part = data / f".{FILE}.part"
    try:
        part.unlink(missing_ok=True)
        # Before there is a key to put in it; and never readable by others, not even for a moment.
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(_made(environment))
        part.replace(data / FILE)
    except OSError as error:
        msg = f"{data / FILE} cannot be written: {error.strerror or error}"
        raise FirstKeyError(msg) from error
    finally:
        part.unlink(missing_ok=True)


def _made(environment: Mapping[str, str]) -> str:
    made = _command(environment, "create", "--quiet", f"--tenant={TENANT}", "--name=local stack", "--role=admin")
    if made.returncode != 0:
        msg = f"the first API key could not be made: {made.stderr.strip() or f'exit code {made.returncode}'}"
        raise FirstKeyError(msg)
    return made.stdout


def _counts_for(api: str, key: str) -> bool:
    with requests.Session() as session:
        session.trust_env = False  # no proxy stands between this machine and itself
        try:
            answer = session.get(f"{api}/me", headers={"Authorization": f"Bearer {key}"}, timeout=PROBE_SECONDS)
        except requests.RequestException as error:
            msg = f"the API does not say whether the key in the data folder counts ({type(error).__name__})"
            raise FirstKeyError(msg) from None
    return answer.status_code == HTTPStatus.OK


def _is_stored(key: str, environment: Mapping[str, str]) -> bool:
    return _command(environment, "check", given=key).returncode == 0


def _command(environment: Mapping[str, str], *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    """Run the operator's command with the app's settings, as the app's own code is none of the local stack's."""
    try:
        return subprocess.run(  # noqa: S603
            [sys.executable, "-m", "shared.keys", *arguments],
            cwd=ROOT,
            env={**os.environ, **environment},
            input=given,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        msg = f"the database took over {COMMAND_SECONDS:g} s to answer about the first API key"
        raise FirstKeyError(msg) from None
