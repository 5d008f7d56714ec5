"""Downloads a file by a link: goes on where the line was cut, and gives the file its name when its hash is right."""

import hashlib
import re
from collections.abc import Callable, Iterator
from http import HTTPStatus
from pathlib import Path, PurePosixPath

import requests

from builder.remote.errors import ApiError
from builder.remote.models import ExportFile
from builder.remote.transport import TIMEOUT, Waiting, anonymous, retry_after, wait_of

PIECE = 1 << 16
MOST_FAILURES = 5
"""Attempts in a row that gave not a byte."""

_RANGE = re.compile(r"bytes (\d+)-")


class Download:
    """One file. `link` gives a URL that anybody may download it with, a new one each time, for such links end.

    `progress` hears how many bytes are there.
    """

    def __init__(
        self,
        session: requests.Session,
        link: Callable[[], str],
        file: ExportFile,
        waiting: Waiting,
        progress: Callable[[int], None],
    ) -> None:
        self._session, self._link, self._file = session, link, file
        self._waiting, self._progress = waiting, progress

    def into(self, folder: Path) -> Path:
        """Download to the file's name in `folder`; what is there already with the right hash stays.

        What an earlier run left of the same bytes is gone on with. Raises ApiError when the file does not come, or
        comes damaged.
        """
        target = folder / checked(self._file.name)
        if target.is_file() and self._is_right(target):
            self._progress(self._file.bytes)
            return target
        target.parent.mkdir(parents=True, exist_ok=True)
        # Named by its content too: what is left of another build's file is not gone on with.
        part = target.with_name(f".{target.name[:150]}.{self._file.sha256[:16]}.part")
        left_over = part.exists()
        self._fill(part)
        if not self._is_right(part):
            part.unlink()
            if left_over:  # that it was damaged is no fault of the API: once more, from the start
                self._fill(part)
        if not part.exists() or not self._is_right(part):
            part.unlink(missing_ok=True)
            msg = f"{self._file.name} arrived damaged: its SHA-256 is not the one that the API told"
            raise ApiError(msg)
        part.replace(target)
        return target

    def _is_right(self, path: Path) -> bool:
        if path.stat().st_size != self._file.bytes:
            return False
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == self._file.sha256

    def _fill(self, part: Path) -> None:
        """Ask until all bytes are there; ApiError when nothing comes any more."""
        part.touch()
        failures = 0
        while (have := part.stat().st_size) < self._file.bytes:
            error = self._go_on(part, have)
            if error is None:
                continue
            failures = 0 if part.stat().st_size > have else failures + 1
            if failures >= MOST_FAILURES or not error.again:
                raise error
            self._waiting.pause(wait_of(error, failures))

    def _go_on(self, part: Path, have: int) -> ApiError | None:
        """Write what one answer gives after the `have` bytes that are there; returns why that was not all."""
        headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={have}-"} if have else {})}
        link = self._link()
        try:
            with self._session.get(link, headers=headers, timeout=TIMEOUT, stream=True, auth=anonymous) as response:
                if response.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and have:
                    part.write_bytes(b"")
                    return self._failed("416", again=True)
                if not response.ok:
                    wait = retry_after(response.headers.get("retry-after"))
                    return self._failed(str(response.status_code), again=True, wait=wait)
                begins = _first_byte(response)
                if begins not in {0, have}:
                    return self._failed("another part than was asked for", again=True)
                self._write(part, begins, response.iter_content(PIECE))
        except requests.RequestException as error:
            # Not the error's own words: they hold the whole link, and with it the signature that lets anybody in.
            return self._failed(type(error).__name__, again=True)
        return None if part.stat().st_size >= self._file.bytes else self._failed("cut off", again=True)

    def _write(self, part: Path, begins: int, pieces: Iterator[bytes]) -> None:
        with part.open("r+b") as out:
            out.truncate(begins)
            out.seek(begins)
            size = begins
            for piece in pieces:
                size += out.write(piece)
                self._progress(size)
                if size > self._file.bytes:  # more than was told: damaged, and perhaps without an end
                    return

    def _failed(self, why: str, *, again: bool, wait: float | None = None) -> ApiError:
        msg = f"the download of {self._file.name} failed ({why})"
        return ApiError(msg, retry_after=wait, again=again)


def _first_byte(response: requests.Response) -> int:
    """Where the answer begins in the file (RFC 9110, section 14.4); -1 when it does not say so as it should."""
    if response.status_code != HTTPStatus.PARTIAL_CONTENT:
        return 0
    match = _RANGE.match(response.headers.get("content-range", ""))
    return int(match[1]) if match else -1


def checked(name: str) -> str:
    """The name, if it stays in the folder that it is put in; ApiError if not."""
    path = PurePosixPath(name)
    bad = not name or path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name or "\0" in name
    if bad or not path.name:
        msg = f"the API names a file {name!r}, which leads out of its folder: it is not downloaded"
        raise ApiError(msg)
    return name
