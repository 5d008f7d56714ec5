"""The raw shard: what fetching a slice of candidates brought, failures too, in one tar."""

import io
import re
import tarfile
from collections.abc import Iterable, Iterator
from typing import IO

from pydantic import ValidationError

from builder.errors import DamagedShardError
from builder.rows import Fetched

MAX_ROW_BYTES = 1_000_000
MAX_BODY_BYTES = 100_000_000  # as in ImageSpec.max_bytes
MAX_INDEX = 99_999

_NAME = re.compile(r"([0-9]{5})\.(json|bin)")
_END = bytes(2 * tarfile.BLOCKSIZE)  # POSIX: two blocks of zeros close a tar


def write_raw(results: Iterable[tuple[int, Fetched, bytes | None]]) -> bytes:
    """Return the shard: for every index `{i:05}.json` (the row) and, if it has a body, `{i:05}.bin`.

    The same results give the same bytes, in whatever order they came: members are sorted and bear no times or owners.
    Raises ValueError for an index twice or above 99,999, or a row that disagrees with its body.
    """
    file = io.BytesIO()
    write_raw_to(file, sorted(results, key=lambda result: result[0]))
    return file.getvalue()


def write_raw_to(file: IO[bytes], results: Iterable[tuple[int, Fetched, bytes | None]]) -> None:
    """Write the shard of `write_raw` to a binary file, one body in memory at a time: results come by rising index."""
    with tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        last = -1
        for index, row, body in results:
            if not last < index <= MAX_INDEX:
                msg = f"index {index} comes after {last}: indices rise, from 0 to {MAX_INDEX}"
                raise ValueError(msg)
            if (problem := _disagreement(row, body or b"")) is not None:
                msg = f"candidate {index}: {problem}"
                raise ValueError(msg)
            last = index
            _add(archive, f"{index:05}.json", row.model_dump_json(exclude_defaults=True).encode())
            if body:
                _add(archive, f"{index:05}.bin", body)


def _add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    archive.addfile(info, io.BytesIO(data))


def _disagreement(row: Fetched, body: bytes) -> str | None:
    if (row.reason is None) != bool(body):
        return "a body goes with a row without a reason, and only with such"
    return None if row.size_bytes == len(body) else f"{row.size_bytes} bytes in the row, {len(body)} in the body"


def read_raw(source: bytes | IO[bytes]) -> Iterator[tuple[int, Fetched, bytes | None]]:
    """Give (index, row, body or None) from a shard, by rising index, one body in memory at a time.

    `source` is the tar or a seekable binary file. Nothing in it is trusted: anything but regular members of the known
    names, in order, within the size caps, whole, and agreeing with their rows raises `DamagedShardError`.
    """
    file = io.BytesIO(source) if isinstance(source, bytes) else source
    try:
        with tarfile.open(fileobj=file, mode="r:", errorlevel=2) as archive:
            yield from _pairs(archive)
            file.seek(archive.offset)
            if file.read(len(_END)) != _END:
                msg = "the shard is cut off: its end mark is missing"
                raise DamagedShardError(msg)
    except (tarfile.TarError, EOFError, OSError, ValueError) as error:
        if isinstance(error, DamagedShardError):
            raise
        msg = f"the shard is no tar that can be read: {error}"
        raise DamagedShardError(msg) from error


def _pairs(archive: tarfile.TarFile) -> Iterator[tuple[int, Fetched, bytes | None]]:
    last = -1
    pending: tuple[int, Fetched] | None = None
    for member in archive:
        index, kind = _identify(member)
        data = _read(archive, member)
        if kind == "bin":
            if pending is None or pending[0] != index:
                msg = f"{member.name} does not follow its row"
                raise DamagedShardError(msg)
            yield _checked(*pending, data)
            pending = None
            continue
        if pending is not None:
            yield _checked(*pending, b"")
        if index <= last:
            msg = f"{member.name} is out of order"
            raise DamagedShardError(msg)
        last, pending = index, (index, _row(member.name, data))
    if pending is not None:
        yield _checked(*pending, b"")


def _identify(member: tarfile.TarInfo) -> tuple[int, str]:
    match = _NAME.fullmatch(member.name)
    if match is None or member.type not in {tarfile.REGTYPE, tarfile.AREGTYPE} or member.issparse():
        msg = f"a member that does not belong into a raw shard: {member.name[:100]!r}"
        raise DamagedShardError(msg)
    if not 0 <= member.size <= (MAX_BODY_BYTES if match[2] == "bin" else MAX_ROW_BYTES):
        msg = f"{member.name} claims {member.size:,} bytes: too many"
        raise DamagedShardError(msg)
    return int(match[1]), match[2]


def _read(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    stream = archive.extractfile(member)
    data = stream.read() if stream else b""
    if len(data) != member.size:
        msg = f"the shard is cut off within {member.name}"
        raise DamagedShardError(msg)
    return data


def _row(name: str, data: bytes) -> Fetched:
    try:
        return Fetched.model_validate_json(data)
    except ValidationError as error:
        msg = f"{name} holds no row that this version knows: {error.error_count()} faults"
        raise DamagedShardError(msg) from error


def _checked(index: int, row: Fetched, body: bytes) -> tuple[int, Fetched, bytes | None]:
    if (problem := _disagreement(row, body)) is not None:
        msg = f"candidate {index}: {problem}"
        raise DamagedShardError(msg)
    return index, row, body or None
