"""The journal of one slice: each candidate's row and image, written as they come, and found whole after a crash."""

import errno
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import IO

from pydantic import ValidationError

from builder import tarstream
from builder.formats import EXTENSIONS
from builder.removal import removed
from builder.rows import ImageRow, Verdict
from builder.validate import Accepted
from builder.validate_shard import shard_name
from builder.work import ROWS

TakenDown = Callable[[ImageRow], str | None]


class Journal:
    """Two files that only grow: `rows/{slug}-{number}.jsonl`, a row a line in order of completion, and the shard that
    the images are in.

    An image is written before its row, and the row in one piece: what a line speaks of is there, even when the process
    was killed in between (not when the machine lost power: nothing is synced). Opening a journal cuts off what was not
    finished. `done` tells, by index, the URL of each candidate that needs no more work, `verdicts` what became of them.

    `taken_down` says of a row whether its image must not be kept any more, and why: such an image is overwritten with
    zeros, and its row becomes that of a candidate that was never fetched.
    """

    def __init__(self, root: Path, slug: str, number: int, taken_down: TakenDown | None = None) -> None:
        self.slug, self.number = slug, number
        self.done: dict[int, str] = {}
        self.verdicts: Counter[Verdict] = Counter()
        self._shard = shard_name(slug, number)
        self._tar_path = root / self._shard
        rows_path = root / ROWS / f"{slug}-{number:05}.jsonl"
        rows_path.parent.mkdir(parents=True, exist_ok=True)
        if taken_down is not None and rows_path.exists() and self._tar_path.exists():
            self._forget(rows_path, taken_down)
        self._rows = rows_path.open("ab+", buffering=0)
        self._tar: IO[bytes] | None = None
        self._end = 0  # of the last whole image in the tar
        self._recover()

    def _forget(self, rows_path: Path, taken_down: TakenDown) -> None:
        """Overwrite images that must not be kept, then write the rows anew that spoke of them."""
        lines = rows_path.read_bytes().splitlines(keepends=True)
        found = False
        for place, line in enumerate(lines):
            row = _row(line)
            if row is None or row.offset is None or row.size_bytes is None or (why := taken_down(row)) is None:
                continue
            found = True
            with self._tar_path.open("rb+") as tar:
                tar.seek(row.offset)
                tar.write(bytes(row.size_bytes))
            lines[place] = removed(row, why).model_dump_json().encode() + b"\n"
        if found:
            part = rows_path.with_name(f"{rows_path.name}.part")
            part.write_bytes(b"".join(lines))
            part.replace(rows_path)

    def _recover(self) -> None:
        """Read what is there up to the first line that is not whole, or whose image is not, and cut off the rest."""
        self._rows.seek(0)
        tar_bytes = self._tar_path.stat().st_size if self._tar_path.exists() else 0
        kept = 0
        for line in self._rows.read().splitlines(keepends=True):
            row = _row(line)
            if row is None:
                break
            end = self._end
            if row.offset is not None and row.size_bytes is not None:
                end = row.offset + _padded(row.size_bytes) + tarstream.HEADER_BYTES + _padded(len(line) - 1)
            if end > tar_bytes:
                break
            kept, self._end = kept + len(line), end
            self.verdicts[row.verdict] += 1
            self.done[int(row.key.rpartition("-")[2])] = row.url
        self._rows.truncate(kept)
        if tar_bytes > self._end:
            os.truncate(self._tar_path, self._end)

    def key(self, index: int) -> str:
        """What the image of that index in the slice is called in the dataset."""
        return f"{self.slug}-{self.number:05}-{index:02}"

    def add(self, index: int, row: ImageRow, image: Accepted | None) -> None:
        """Write one candidate's outcome. Raises OSError when the disk is full: the journal then ends before it."""
        if image is None:
            line = row.model_dump_json().encode()
        else:
            offset = self._end + tarstream.HEADER_BYTES
            line = row.model_copy(update={"shard": self._shard, "offset": offset}).model_dump_json().encode()
            members = tarstream.member(f"{row.key}.{EXTENSIONS[image.format]}", image.data)
            members += tarstream.member(f"{row.key}.json", line)
            _write(self._open_tar(), members)
            self._end += len(members)
        _write(self._rows, line + b"\n")
        self.verdicts[row.verdict] += 1
        self.done[index] = row.url

    def _open_tar(self) -> IO[bytes]:
        if self._tar is None:
            self._tar_path.parent.mkdir(parents=True, exist_ok=True)
            self._tar = self._tar_path.open("ab", buffering=0)
        return self._tar

    def close(self, *, complete: bool) -> None:
        """Close the files; a complete slice's tar gets its end mark."""
        if complete and self._end:
            tar = self._open_tar()
            if tar.seek(0, os.SEEK_END) == self._end:
                _write(tar, tarstream.END)
        self._rows.close()
        if self._tar is not None:
            self._tar.close()


def _row(line: bytes) -> ImageRow | None:
    if not line.endswith(b"\n"):
        return None
    try:
        return ImageRow.model_validate_json(line)
    except ValidationError:
        return None


def _write(file: IO[bytes], data: bytes) -> None:
    if file.write(data) != len(data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), file.name)


def _padded(size: int) -> int:
    return -(-size // tarstream.HEADER_BYTES) * tarstream.HEADER_BYTES
