"""Removing pictures: what is covered, what rows say then, and what is left in a shard."""

import io
import json
import tarfile

from hypothesis import given, settings
from hypothesis import strategies as st

from builder import tarstream
from builder.removal import covering, is_removed, overwrite, removed, to_remove
from builder.rows import ImageRow
from builder.takedown import TakeDownList

SERVED, STORED = "1" * 64, "2" * 64


def row(key: str = "cat-00000-00", **changes: object) -> ImageRow:
    usual = {
        "key": key, "label": "cat", "url": "https://a.example/1.jpg", "engine": "urls", "query": "cat",
        "title": "a cat", "verdict": "accepted", "sha256": STORED, "source_sha256": SERVED, "phash": "0" * 16,
        "shard": "shards/cat-00000.tar",
    }  # fmt: skip
    return ImageRow.model_validate({**usual, **changes})


def of(*lines: str) -> TakeDownList:
    return TakeDownList.parse(lines)


def test_an_image_is_covered_by_its_addresses_and_by_its_bytes() -> None:
    found = row(final_url="https://cdn.example/1.jpg", page_url="https://page.example/cats?")
    for line, other in (
        ("http://a.example/1.jpg", "http://a.example/2.jpg"), ("https://cdn.example/1.jpg", "https://cdn.example/"),
        ("https://page.example/cats?", "https://page.example/dogs"), ("host:example", "host:ample"),
        (f"sha256:{SERVED}", "sha256:" + "3" * 64), (f"sha256:{STORED}", "sha256:" + "4" * 64),
    ):  # fmt: skip
        assert covering(found, of(line)) is not None, line
        assert covering(found, of(other)) is None, other


def test_what_is_removed_tells_what_its_source_said_and_is_covered_no_more() -> None:
    gone = removed(row(), "asked for")
    assert (gone.verdict, gone.reason, gone.detail, gone.title) == ("failed", "taken_down", "asked for", "a cat")
    assert (gone.sha256, gone.source_sha256, gone.phash, gone.shard) == (None,) * 4
    assert is_removed(gone)
    assert covering(gone, of("host:a.example")) is None
    assert not is_removed(row(verdict="rejected", shard=None, sha256=None)), "the hash of what was served is told"


def test_copies_go_with_the_image_that_stands_for_them() -> None:
    rows = [
        row("cat-00000-01", url="https://b.example/1.jpg", verdict="duplicate", duplicate_of="cat-00000-00"), row(),
        row("cat-00000-02", url="https://b.example/2.jpg", verdict="duplicate", duplicate_of="cat-00000-03"),
        row("cat-00000-03", url="https://b.example/3.jpg"),
    ]  # fmt: skip
    assert set(to_remove(rows, of("https://a.example/1.jpg"))) == {"cat-00000-00", "cat-00000-01"}


@settings(max_examples=30)
@given(st.lists(st.binary(min_size=1, max_size=1500), min_size=1, max_size=4), st.data())
def test_one_image_goes_and_nothing_else_moves(images: list[bytes], data: st.DataObject) -> None:
    tar, rows = io.BytesIO(), []
    for number, image in enumerate(images):
        offset = tar.tell() + tarstream.HEADER_BYTES
        one = row(f"cat-00000-{number:02}", offset=offset, size_bytes=len(image))
        rows.append(one)
        tar.write(
            tarstream.member(f"{one.key}.jpg", image)
            + tarstream.member(f"{one.key}.json", one.model_dump_json().encode())
        )
    tar.write(tarstream.END)
    chosen = data.draw(st.integers(0, len(images) - 1))
    told = removed(rows[chosen], "asked for" * data.draw(st.sampled_from([1, 200])))
    before = len(tar.getvalue())
    for _ in range(2):
        overwrite(tar, rows[chosen], told)
    assert len(tar.getvalue()) == before
    with tarfile.open(fileobj=io.BytesIO(tar.getvalue())) as archive:
        for number, image in enumerate(images):
            stream, line = (archive.extractfile(f"cat-00000-{number:02}.{end}") for end in ("jpg", "json"))
            assert stream is not None
            assert line is not None
            assert stream.read() == (bytes(len(image)) if number == chosen else image)
            text = line.read()
            assert (SERVED.encode() in text) == (number != chosen)
            assert json.loads(text).get("verdict") in {"accepted", "failed", None}
