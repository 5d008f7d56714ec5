"""Raw shards: what is written is read again, and nothing else is."""

import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.errors import DamagedShardError
from builder.raw import read_raw, write_raw, write_raw_to
from builder.rows import Candidate, Fetched

CANDIDATE = Candidate(url="http://a.example/x.png", label="thing", engine="urls", query="thing")


def good(body: bytes) -> Fetched:
    return Fetched(candidate=CANDIDATE, http_status=200, content_type="image/png", size_bytes=len(body), seconds=0.25)


FAILED = Fetched(candidate=CANDIDATE, reason="timeout", detail="not complete after 30 s")
RESULTS = [(7, good(b"seven"), b"seven"), (0, FAILED, b""), (3, good(b"three"), b"three")]


def archive(*members: tuple[str, bytes]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return file.getvalue()


def row(body: bytes = b"") -> bytes:
    return (good(body) if body else FAILED).model_dump_json().encode()


results = st.dictionaries(st.integers(0, 99_999), st.binary(max_size=2_000), max_size=12).map(
    lambda bodies: [(index, good(body) if body else FAILED, body) for index, body in bodies.items()]
)


@given(results)
def test_reading_gives_what_was_written_by_index(written: list[tuple[int, Fetched, bytes]]) -> None:
    shard = write_raw(written)
    assert list(read_raw(shard)) == [
        (i, fetched, body or None) for i, fetched, body in sorted(written, key=lambda r: r[0])
    ]
    assert write_raw(reversed(written)) == shard


def test_a_shard_is_a_plain_tar_with_known_names(tmp_path: Path) -> None:
    path = tmp_path / "shard.tar"
    with path.open("wb") as file:
        write_raw_to(file, sorted(RESULTS, key=lambda result: result[0]))
    assert path.read_bytes() == write_raw(RESULTS)
    with tarfile.open(path) as tar:
        assert tar.getnames() == ["00000.json", "00003.json", "00003.bin", "00007.json", "00007.bin"]
        assert {(member.mtime, member.uid, member.uname) for member in tar} == {(0, 0, "")}
    with path.open("rb") as file:
        assert [(index, body) for index, _, body in read_raw(file)] == [(0, None), (3, b"three"), (7, b"seven")]


@pytest.mark.parametrize(
    "bad",
    [
        [(1, FAILED, b""), (1, FAILED, b"")],
        [(-1, FAILED, b"")],
        [(100_000, FAILED, b"")],
        [(0, FAILED, b"bytes")],
        [(0, good(b"bytes"), b"")],
        [(0, good(b"bytes"), b"byte")],
    ],
)
def test_nonsense_is_not_written(bad: list[tuple[int, Fetched, bytes]]) -> None:
    with pytest.raises(ValueError, match=r"index|candidate 0"):
        write_raw(bad)


@pytest.mark.parametrize("length", range(0, len(write_raw(RESULTS[:2])) - 1024 + 1, 128))
def test_every_cut_is_noticed(length: int) -> None:
    whole = write_raw(RESULTS[:2])
    content = len(whole.rstrip(b"\0")) // 512 * 512 + 512
    cut = whole[: min(length, content + 1023)]
    with pytest.raises(DamagedShardError):
        list(read_raw(cut))


def link(kind: bytes) -> Callable[[], bytes]:
    def make() -> bytes:
        file = io.BytesIO()
        with tarfile.open(fileobj=file, mode="w") as tar:
            info = tarfile.TarInfo("00000.json")
            info.type = kind
            info.linkname = "/etc/passwd"
            tar.addfile(info)
        return file.getvalue()

    return make


def claiming(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size = size
    return info.tobuf(tarfile.GNU_FORMAT) + bytes(10_240)


@pytest.mark.parametrize(
    "make",
    [
        lambda: b"",
        lambda: b"no tar at all" * 100,
        lambda: bytes(511),
        link(tarfile.SYMTYPE),
        link(tarfile.LNKTYPE),
        link(tarfile.CHRTYPE),
        link(tarfile.FIFOTYPE),
        link(tarfile.DIRTYPE),
        link(tarfile.GNUTYPE_SPARSE),
        lambda: archive(("../00000.json", row())),
        lambda: archive(("/00000.json", row())),
        lambda: archive(("0.json", row())),
        lambda: archive(("00000.json.bin", row())),
        lambda: archive(("\N{ARABIC-INDIC DIGIT ZERO}" * 5 + ".json", row())),
        lambda: archive(("00000.txt", row())),
        lambda: archive(("00000.bin", b"x")),
        lambda: archive(("00000.json", row(b"x")), ("00001.bin", b"x")),
        lambda: archive(("00000.json", row(b"x")), ("00000.bin", b"x"), ("00000.bin", b"x")),
        lambda: archive(("00000.json", row()), ("00000.json", row())),
        lambda: archive(("00001.json", row()), ("00000.json", row())),
        lambda: archive(("00000.json", row(b"x"))),
        lambda: archive(("00000.json", row(b"xy")), ("00000.bin", b"x")),
        lambda: archive(("00000.json", row()), ("00000.bin", b"x")),
        lambda: archive(("00000.json", b"{}")),
        lambda: archive(("00000.json", b"\xff\xfe")),
        lambda: archive(("00000.json", row()[:-1] + b',"extra":1}')),
        lambda: archive(("00000.json", b"[" * 100_000)),
        lambda: archive(("00000.json", row() + b" " * 1_000_000)),
        lambda: claiming("00000.json", 1_000_001),
        lambda: claiming("00000.json", 1_000_000),
        lambda: claiming("00000.bin", 8 << 40),
    ],
)
def test_hostile_shards_raise_one_error(make: Callable[[], bytes]) -> None:
    with pytest.raises(DamagedShardError):
        list(read_raw(make()))


@given(st.integers(0, 10_239), st.integers(0, 255))
def test_a_flipped_byte_raises_that_error_or_changes_a_body_only(place: int, value: int) -> None:
    shard = bytearray(write_raw(RESULTS))
    shard[place] = value
    try:
        read = list(read_raw(bytes(shard)))
    except DamagedShardError:
        return
    assert len(read) <= len(RESULTS)


def test_an_empty_shard_is_whole() -> None:
    assert list(read_raw(write_raw([]))) == []
