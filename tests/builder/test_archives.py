import bz2
import gzip
import io
import lzma
import stat
import struct
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from builder import zipstream
from builder.archive_limits import ArchiveLimits
from builder.archives import Entry, read_images
from builder.errors import ARCHIVE_FAULTS, ArchiveError
from builder.zipstream import zip_chunks
from tests.builder.photos import encoded, picture

IMAGE = encoded(picture(1))
FILES = {"cats/1.jpg": IMAGE, "dogs/a b.jpg": IMAGE + b"x"}


def a_zip(files: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return file.getvalue()


def a_tar(files: dict[str, bytes], tar_format: int = tarfile.PAX_FORMAT, **headers: object) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tar_format) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            for field, value in headers.items():
                setattr(info, field, value)
            archive.addfile(info, io.BytesIO(data))
    return file.getvalue()


def read(data: bytes, **limits: int) -> list[Entry]:
    return list(read_images(io.BytesIO(data), "a.zip", ArchiveLimits(**limits)))


def taken(data: bytes) -> dict[str, bytes]:
    return {entry.name: entry.data for entry in read(data) if entry.passed_over is None}


def passed(data: bytes, **limits: int) -> dict[str, str | None]:
    return {entry.name: entry.passed_over for entry in read(data, **limits)}


def refused(data: bytes, **limits: int) -> str:
    with pytest.raises(ArchiveError) as caught:
        read(data, **limits)
    assert caught.value.kind in ARCHIVE_FAULTS
    assert len(str(caught.value)) < 400
    return caught.value.kind


@pytest.mark.parametrize("pack", [
    a_zip,
    lambda files: a_zip(files, zipfile.ZIP_DEFLATED),
    lambda files: b"".join(zip_chunks(files.items())),
    a_tar,
    lambda files: a_tar(files, tarfile.GNU_FORMAT),
    lambda files: gzip.compress(a_tar(files)),
    lambda files: bz2.compress(a_tar(files)),
    lambda files: lzma.compress(a_tar(files)),
])  # fmt: skip
def test_every_kind_of_archive_gives_its_images(pack: Callable[[dict[str, bytes]], bytes]) -> None:
    assert taken(pack(FILES)) == FILES


def test_one_image_is_its_own_archive_whatever_it_is_called() -> None:
    assert list(read_images(io.BytesIO(IMAGE), r"C:\photos\cat.zip")) == [Entry("cat.zip", IMAGE)]
    assert list(read_images(io.BytesIO(IMAGE), "..")) == [Entry("image", IMAGE)]


@pytest.mark.parametrize("pack", [a_zip, a_tar])
@pytest.mark.parametrize(("name", "reason"), [
    ("../up.jpg", "unsafe_path"),
    ("a/../../up.jpg", "unsafe_path"),
    ("/etc/cron.jpg", "unsafe_path"),
    ("C:/windows.jpg", "unsafe_path"),
    ("C:\\windows.jpg", "unsafe_path"),
    ("..\\up.jpg", "unsafe_path"),
    ("\\\\host\\share.jpg", "unsafe_path"),
    ("new\nline.jpg", "unreadable_name"),
    ("long" * 200 + ".jpg", "unreadable_name"),
    ("__MACOSX/._1.jpg", "hidden"),
    ("cats/.DS_Store", "hidden"),
    ("cats/Thumbs.db", "hidden"),
    ("more.zip", "nested_archive"),
])  # fmt: skip
def test_names_that_are_not_taken(pack: Callable[[dict[str, bytes]], bytes], name: str, reason: str) -> None:
    assert passed(pack({name: IMAGE, "good.jpg": IMAGE})) == {name.replace("//", "/"): reason, "good.jpg": None}


@given(st.text("./\\:aC~ \n\0\u202e\ud800", max_size=12))
@hypothesis_settings(max_examples=60)
def test_no_name_that_is_taken_leads_anywhere(name: str) -> None:
    try:
        data = a_tar({name: IMAGE})
    except (UnicodeEncodeError, ValueError):
        return
    for entry in read(data):
        if entry.passed_over is None:
            parts = entry.name.split("/")
            assert all(part not in {"", ".", ".."} for part in parts)
            assert "\\" not in entry.name
            assert entry.name.isprintable() or not any(ord(one) < 32 for one in entry.name)


@pytest.mark.parametrize("pack", [a_zip, a_tar])
def test_files_that_are_not_taken(pack: Callable[[dict[str, bytes]], bytes]) -> None:
    files = {
        "nothing.jpg": b"",
        "notes.txt": b"hello",
        "inner.bin": a_zip(FILES),
        "picture.dat": IMAGE,
        "no-picture.jpg": b"hello",
        "./cats//1.jpg": IMAGE,
        "cats/1.jpg": IMAGE,
    }
    assert [(one.name, one.passed_over) for one in read(pack(files))] == [
        ("nothing.jpg", "empty"),
        ("notes.txt", "not_an_image_file"),
        ("inner.bin", "nested_archive"),
        ("picture.dat", None),
        ("no-picture.jpg", None),
        ("cats/1.jpg", None),
        ("cats/1.jpg", "duplicate_name"),
    ]


@pytest.mark.parametrize("pack", [a_zip, a_tar, lambda files: gzip.compress(a_tar(files))])
def test_an_image_that_is_too_large_is_not_taken_and_the_next_one_is(pack: Callable[[dict[str, bytes]], bytes]) -> None:
    found = passed(pack({"big.jpg": bytes(3_000_000), "small.jpg": IMAGE}), entry_bytes=2_000_000)
    assert found == {"big.jpg": "too_large", "small.jpg": None}


@pytest.mark.parametrize(("kind", "reason"), [
    (tarfile.SYMTYPE, "link"),
    (tarfile.LNKTYPE, "link"),
    (tarfile.CHRTYPE, "special_file"),
    (tarfile.BLKTYPE, "special_file"),
    (tarfile.FIFOTYPE, "special_file"),
    (tarfile.DIRTYPE, "directory"),
])  # fmt: skip
def test_what_is_no_file_in_a_tar_is_not_taken(kind: bytes, reason: str) -> None:
    assert passed(a_tar({"x.jpg": b""}, type=kind, linkname="/etc/passwd")) == {"x.jpg": reason}


@pytest.mark.parametrize(("mode", "reason"), [
    (stat.S_IFLNK, "link"), (stat.S_IFCHR, "special_file"), (stat.S_IFIFO, "special_file"), (stat.S_IFDIR, "directory"),
])  # fmt: skip
def test_what_is_no_file_in_a_zip_is_not_taken(mode: int, reason: str) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        info = zipfile.ZipInfo("x.jpg")
        info.external_attr = (mode | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    assert passed(file.getvalue()) == {"x.jpg": reason}


def with_flag(data: bytes, flag: int) -> bytes:
    """A zip whose entries all claim a flag, in both headers."""
    changed = bytearray(data)
    for signature, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        place = changed.find(signature)
        while place >= 0:
            changed[place + offset] |= flag & 0xFF
            changed[place + offset + 1] |= flag >> 8
            place = changed.find(signature, place + 4)
    return bytes(changed)


def test_encrypted_entries_are_not_taken() -> None:
    assert passed(with_flag(a_zip({"x.jpg": b"secret"}), 1)) == {"x.jpg": "encrypted"}


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_methods_that_take_memory_are_not_opened(method: int) -> None:
    assert passed(a_zip({"x.jpg": IMAGE}, method)) == {"x.jpg": "compression"}


def test_names_in_other_encodings() -> None:
    plain = a_zip({"aeiou.jpg": IMAGE})
    utf_8, no_utf_8 = plain.replace(b"aeiou", "äöx".encode()), plain.replace(b"aeiou", b"\x84\xff\xfe\x94x")
    assert passed(utf_8) == {"äöx.jpg": None}
    assert list(passed(no_utf_8).values()) == [None]
    assert refused(with_flag(no_utf_8, 0x800)) == "unreadable_names"
    old_tar = a_tar({"aeiou.jpg": IMAGE}, tarfile.USTAR_FORMAT)
    header = bytearray(old_tar[:512].replace(b"aeiou", b"\x84\xff\xfe\x94x"))
    header[148:156] = b"%06o\0 " % (sum(header[:148]) + 8 * 32 + sum(header[156:]))
    assert list(passed(bytes(header) + old_tar[512:]).values()) == ["unreadable_name"]


def test_a_zip64_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipstream, "_LIMIT_16", 2)
    large = b"".join(zip_chunks(FILES.items()))
    assert b"PK\6\6" in large
    assert taken(large) == FILES
    assert refused(large, entries=1) == "too_many_entries"
    assert refused(b"PK\3\4" + large[-98:]) == "damaged"


def test_a_hundred_thousand_entries_are_found_before_any_is_read() -> None:
    one = a_zip({"x.jpg": IMAGE})
    start = one.index(b"PK\1\2")
    record = one[start : one.index(b"PK\5\6")]
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 100_000 * len(record), start, 0)
    many = one[:start] + record * 100_000 + end
    images = read_images(io.BytesIO(many), "a.zip")
    with pytest.raises(ArchiveError) as caught:
        next(images)
    assert caught.value.kind == "too_many_entries"


def test_too_many_entries_of_a_tar_are_not_read() -> None:
    data = a_tar({f"{number}.jpg": IMAGE for number in range(11)})
    assert refused(data, entries=10) == "too_many_entries"
    assert len(read(data, entries=11)) == 11


def test_a_directory_that_lies_about_its_length_is_counted() -> None:
    data = bytearray(a_zip({f"{number}.jpg": b"x" for number in range(20)}))
    struct.pack_into("<2H", data, len(data) - 14, 1, 1)  # "one entry"
    assert refused(bytes(data), entries=10) == "too_many_entries"


@pytest.mark.parametrize("pack", [
    lambda data: a_zip({"x.jpg": data}, zipfile.ZIP_DEFLATED),
    lambda data: gzip.compress(a_tar({"x.jpg": data})),
    lambda data: bz2.compress(a_tar({".hidden": data})),
    lambda data: lzma.compress(a_tar({"x.jpg": data}), preset=0),
])  # fmt: skip
def test_a_bomb_is_put_out(pack: Callable[[bytes], bytes]) -> None:
    assert refused(pack(bytes(3_000_000)), harmless_bytes=1_000_000) == "bomb"


def test_what_unpacks_to_too_much_is_refused() -> None:
    flat = encoded(picture(2)) * 3_000
    assert refused(a_zip({"x.jpg": flat}), decoded_bytes=1_000_000) == "too_many_bytes"
    assert refused(a_tar({"x.jpg": flat}), decoded_bytes=1_000_000) == "too_many_bytes"


def test_a_claimed_size_is_no_reason_to_decode_more() -> None:
    data = a_zip({"x.jpg": bytes(700_000)}, zipfile.ZIP_DEFLATED)
    small = data.replace(struct.pack("<L", 700_000), struct.pack("<L", 1_000))
    assert refused(small) == "damaged"  # a thousand bytes are read, and their checksum is not the one told


def test_entries_that_share_bytes_are_refused() -> None:
    data = bytearray(a_zip({"a.jpg": IMAGE, "b.jpg": IMAGE}))
    second = data.rfind(b"PK\1\2")
    struct.pack_into("<L", data, second + 42, 0)  # the second entry is where the first is
    assert refused(bytes(data)) == "overlapping"


@pytest.mark.parametrize("pack", [
    lambda: a_zip(FILES),
    lambda: a_tar(FILES),
    lambda: gzip.compress(a_tar(FILES)),
    lambda: bz2.compress(a_tar(FILES)),
    lambda: lzma.compress(a_tar(FILES)),
])  # fmt: skip
@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_what_is_cut_off_is_refused(pack: Callable[[], bytes], share: float) -> None:
    data = pack()
    assert refused(data[: int(len(data) * share) // 512 * 512]) == "damaged"


@given(place=st.integers(0, 10_000), byte=st.integers(0, 255), tar=st.booleans())
@hypothesis_settings(max_examples=60)
def test_a_changed_byte_is_an_error_of_ours_or_none(place: int, byte: int, *, tar: bool) -> None:
    data = bytearray(a_tar(FILES) if tar else a_zip(FILES, zipfile.ZIP_DEFLATED))
    data[-1 - place % len(data)] = byte
    try:
        read(bytes(data))
    except ArchiveError as error:
        assert error.kind in ARCHIVE_FAULTS  # noqa: PT017 - either is fine, nothing else is


def test_a_header_that_claims_a_gigabyte_is_not_read() -> None:
    data = bytearray(a_tar({"x" * 200 + ".jpg": IMAGE}))  # begins with an extended header
    assert data[156:157] == tarfile.XHDTYPE
    data[124:136] = b"%011o\0" % (1 << 30)
    data[148:156] = b"%06o\0 " % (sum(data[:148]) + 8 * 32 + sum(data[156:512]))
    assert refused(bytes(data)) == "damaged"


def test_global_headers_do_not_pile_up() -> None:
    file = io.BytesIO()
    for number in range(60):
        fields = {f"field{number}-{place}": "x" for place in range(2)}
        file.write(tarfile.TarInfo.create_pax_global_header(fields))
        file.write(a_tar({f"{number}.jpg": IMAGE})[: 512 + (len(IMAGE) + 511) // 512 * 512])
    assert refused(file.getvalue() + bytes(1024)) == "damaged"


def test_a_long_file_that_is_no_image_is_not_decoded() -> None:
    files = {"video.mp4": b"\0\0\0\x20ftypisom" + bytes(3_000_000), "x.jpg": IMAGE}
    assert passed(a_zip(files), decoded_bytes=1_000_000) == {"video.mp4": "not_an_image_file", "x.jpg": None}


def test_headers_of_headers_of_headers_end() -> None:
    one = a_tar({"x" * 200 + ".jpg": b""})[:1024]
    assert refused(one * 3_000) == "damaged"


@pytest.mark.parametrize(("data", "kind"), [
    (b"hello, world", "not_an_archive"),
    (b"", "not_an_archive"),
    (gzip.compress(b"hello", mtime=0), "damaged"),
    (b"\x28\xb5\x2f\xfd" + bytes(600), "unsupported"),
    (b"Rar!\x1a\x07" + bytes(600), "unsupported"),
    (b"7z\xbc\xaf\x27\x1c" + bytes(600), "unsupported"),
    (b"PK\3\4" + bytes(600), "damaged"),
])  # fmt: skip
def test_what_is_no_archive_is_said(data: bytes, kind: str) -> None:
    assert refused(data) == kind


def test_an_empty_archive_has_nothing() -> None:
    assert read(a_zip({})) == []
    assert read(a_tar({})) == []


def test_a_broken_image_comes_as_it_is() -> None:
    assert taken(a_zip({"x.jpg": IMAGE[:100]})) == {"x.jpg": IMAGE[:100]}


def a_sparse_tar(blocks: int) -> bytes:
    """An old GNU sparse file whose map goes on for that many blocks, and an image after it."""
    info = tarfile.TarInfo("sparse.jpg")
    info.type, info.size = tarfile.GNUTYPE_SPARSE, 1_000
    head = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    head[482] = blocks > 0
    head[148:156] = b"%06o\0 " % (sum(head[:148]) + sum(head[156:]) + 8 * ord(" "))
    pieces = [b"00000000001\0" * 42 + bytes([number < blocks]) + bytes(7) for number in range(1, blocks + 1)]
    return bytes(head) + b"".join(pieces) + bytes(1_024) + a_tar({"a.jpg": IMAGE})


def a_pax_sparse_tar(places: int) -> bytes:
    """A sparse file of version 1.0 with a map of that many places, and an image after it."""
    told = f"{places}\n".encode() + b"1\n" * (2 * places)
    info = tarfile.TarInfo("GNU/sparse.jpg")
    info.size = len(told)
    info.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "sparse.jpg"}
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(info, io.BytesIO(told))
    return file.getvalue()[: file.getvalue().rindex(b"1\n") // 512 * 512 + 512] + a_tar({"a.jpg": IMAGE})


@pytest.mark.parametrize("data", [*map(a_sparse_tar, (0, 1, 3)), a_pax_sparse_tar(1), a_pax_sparse_tar(600)])
def test_sparse_files_are_passed_over(data: bytes) -> None:
    assert passed(data) == {"sparse.jpg": "special_file", "a.jpg": None}


def test_a_sparse_file_whose_map_is_cut_off_is_refused() -> None:
    assert refused(a_sparse_tar(3)[: 512 * 3]) == "damaged"


@pytest.mark.parametrize("data", [a_sparse_tar(2_000), a_pax_sparse_tar(100_000)])
def test_the_map_of_a_sparse_file_is_not_held(data: bytes) -> None:
    tracemalloc.start()
    try:
        assert passed(data)["sparse.jpg"] == "special_file"
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()
