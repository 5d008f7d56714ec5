import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.remote.client import Client
from builder.remote.download import MOST_FAILURES, checked
from builder.remote.errors import ApiError
from builder.remote.models import ExportFile
from tests.builder.remote.conftest import Clock
from tests.builder.remote.server import ID, Answer, Server, problem

DATA = bytes(range(256)) * 2_000
FILE = ExportFile(name="train/pandas.zip", bytes=len(DATA), sha256=hashlib.sha256(DATA).hexdigest())
LINK = f"GET /datasets/{ID}/exports/imagefolder/link?file=train%2Fpandas.zip"
BLOB = "GET /blob?sig=secret"
WHOLE = Answer(200, DATA, ranges=True)


@pytest.fixture
def blob(server: Server) -> Server:
    server.answer(LINK, {"url": f"{server.url}/blob?sig=secret", "expires": "soon"})
    return server


def fetch(client: Client, folder: Path, seen: list[int] | None = None) -> Path:
    told = seen if seen is not None else []
    return client.download(ID, "imagefolder", FILE, folder, progress=told.append)


def left_over(folder: Path) -> Path:
    return folder / "train" / f".pandas.zip.{FILE.sha256[:16]}.part"


def test_a_file_arrives_whole_under_its_name(blob: Server, client: Client, tmp_path: Path) -> None:
    blob.answer(BLOB, WHOLE)
    seen: list[int] = []
    path = fetch(client, tmp_path, seen)
    assert path == tmp_path / "train" / "pandas.zip"
    assert path.read_bytes() == DATA
    assert seen == sorted(seen)
    assert seen[-1] == len(DATA)
    assert [one.name for one in path.parent.iterdir()] == ["pandas.zip"]
    assert "authorization" not in blob.requests("/blob")[0].headers


def test_what_is_there_is_not_fetched_again(blob: Server, client: Client, tmp_path: Path) -> None:
    blob.answer(BLOB, WHOLE)
    fetch(client, tmp_path)
    asked = len(blob.asked)
    fetch(client, tmp_path)
    assert len(blob.asked) == asked
    (tmp_path / "train" / "pandas.zip").write_bytes(b"x" * len(DATA))  # another file of this size
    assert fetch(client, tmp_path).read_bytes() == DATA


def test_a_cut_download_goes_on_where_it_was(blob: Server, client: Client, tmp_path: Path, clock: Clock) -> None:
    blob.answer(BLOB, Answer(200, DATA, ranges=True, cut=200_000), Answer(200, DATA, ranges=True, cut=100_000), WHOLE)
    assert fetch(client, tmp_path).read_bytes() == DATA
    first, second, third = blob.requests("/blob")
    assert "range" not in first.headers
    starts = [int(one.headers["range"].removeprefix("bytes=").rstrip("-")) for one in (second, third)]
    assert 0 < starts[0] <= 200_000 < starts[1] <= 300_000
    assert len(clock.pauses) == 2
    assert len(blob.requests("/link")) == 3, "links end, so each attempt has its own"


def test_another_run_goes_on_too(blob: Server, client: Client, tmp_path: Path) -> None:
    part = left_over(tmp_path)
    part.parent.mkdir()
    part.write_bytes(DATA[:1000])
    blob.answer(BLOB, WHOLE)
    assert fetch(client, tmp_path).read_bytes() == DATA
    assert blob.requests("/blob")[0].headers["range"] == "bytes=1000-"


def test_leftovers_that_are_damaged_are_fetched_anew(blob: Server, client: Client, tmp_path: Path) -> None:
    part = left_over(tmp_path)
    part.parent.mkdir()
    part.write_bytes(b"x" * 1000)
    blob.answer(BLOB, WHOLE)
    assert fetch(client, tmp_path).read_bytes() == DATA
    assert ["range" in one.headers for one in blob.requests("/blob")] == [True, False]


def test_a_server_without_ranges_starts_over(blob: Server, client: Client, tmp_path: Path) -> None:
    blob.answer(BLOB, Answer(200, DATA, cut=200_000), Answer(200, DATA))
    assert fetch(client, tmp_path).read_bytes() == DATA


@pytest.mark.parametrize("data", [DATA[:-1] + b"x", DATA + b"more", b"x" * len(DATA)])
def test_damage_is_told_and_leaves_nothing(blob: Server, client: Client, tmp_path: Path, data: bytes) -> None:
    blob.answer(BLOB, Answer(200, data, ranges=True))
    with pytest.raises(ApiError, match=r"train/pandas\.zip arrived damaged"):
        fetch(client, tmp_path)
    assert [one for one in tmp_path.rglob("*") if one.is_file()] == []


@pytest.mark.parametrize("answer", [Answer(403), Answer(reset=True), Answer(200, DATA[:-9], cut=0), Answer(206, DATA)])
def test_a_download_that_never_comes_is_given_up_without_telling_the_link(
    blob: Server, client: Client, tmp_path: Path, clock: Clock, answer: Answer
) -> None:
    blob.answer(BLOB, answer)
    with pytest.raises(ApiError, match=r"the download of train/pandas\.zip failed \(") as raised:
        fetch(client, tmp_path)
    assert "secret" not in f"{raised.value!r} {raised.value.__cause__!r} {raised.value.__context__!r}"
    assert len(clock.pauses) == MOST_FAILURES - 1


def test_storage_that_is_busy_is_asked_again_when_it_says(
    blob: Server, client: Client, tmp_path: Path, clock: Clock
) -> None:
    blob.answer(BLOB, problem(503, "busy", "Later.", retry_after="3"), WHOLE)
    assert fetch(client, tmp_path).read_bytes() == DATA
    assert clock.pauses == [3]


def test_an_empty_file(server: Server, client: Client, tmp_path: Path) -> None:
    empty = ExportFile(name="val.txt", bytes=0, sha256=hashlib.sha256(b"").hexdigest())
    assert client.download(ID, "labels", empty, tmp_path).read_bytes() == b""
    assert server.asked == []


@given(st.lists(st.sampled_from(["..", ".", "a", "b", "", "C:", "/", "\\", "a\\..", "\0"]), min_size=1, max_size=5))
def test_no_name_leads_out_of_the_folder(parts: list[str]) -> None:
    folder = Path("/tmp/out")  # noqa: S108 - nothing is written
    try:
        name = checked("/".join(parts))
    except ApiError:
        return
    assert folder in (folder / name).parents
    assert ".." not in Path(name).parts
