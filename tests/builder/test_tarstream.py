"""`builder.tarstream`: byte for byte what the standard library writes."""

import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder import tarstream

NAMES = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="/"), min_size=1, max_size=100)


@given(name=NAMES, size=st.integers(0, (8 << 30) - 1))
def test_headers_are_those_of_tarfile(name: str, size: int) -> None:
    info = tarfile.TarInfo(name)
    info.size = size
    assert tarstream.header(name, size) == info.tobuf(tarfile.USTAR_FORMAT, "ascii", "strict")


@given(members=st.dictionaries(NAMES, st.binary(max_size=1_100), max_size=5))
def test_read_again(members: dict[str, bytes]) -> None:
    data = b"".join(tarstream.member(name, content) for name, content in members.items()) + tarstream.END
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        found = {info.name: archive.extractfile(info) for info in archive}
    assert found.keys() == members.keys()
    assert len(data) % 512 == 0


def test_contents_are_read_again() -> None:
    data = tarstream.member("a.jpg", b"x" * 700) + tarstream.member("a.cls", b"7") + tarstream.END
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        files = [archive.extractfile(info) for info in archive]
        assert [file.read() for file in files if file] == [b"x" * 700, b"7"]


@pytest.mark.parametrize(("name", "size"), [("x" * 101, 1), ("x", 8 << 30), ("ü", 1)])
def test_what_does_not_fit_is_refused(name: str, size: int) -> None:
    with pytest.raises(ValueError, match=r"no room|ascii"):
        tarstream.header(name, size)
