"""`builder.validate_shard`: from a raw shard to a shard of images and a row for every candidate."""

import io
import json
import tarfile
from pathlib import Path

import imagehash
import pytest
import webdataset as wds
from PIL import ImageFilter

from builder.errors import DamagedShardError
from builder.rows import FetchReason, ImageRow
from builder.spec import ImageSpec
from builder.store import LocalFolder
from builder.validate_shard import validate_shard
from tests.builder.photos import decoded, encoded, photo, raw_shard

GOOD = [encoded(photo("coffee")), encoded(photo("china"), "WEBP"), encoded(photo("chelsea"), "PNG")]
BODIES: list[bytes | FetchReason] = [
    GOOD[0],
    b"<html>" + b" " * 2_000,
    "timeout",
    GOOD[1],
    GOOD[0][:9_000],
    "http_4xx",
    GOOD[2],
]


def test_every_candidate_becomes_a_row() -> None:
    result = validate_shard(raw_shard(BODIES), label_slug="cat", shard_number=7, spec=ImageSpec())
    told = [(row.key, row.verdict, row.reason) for row in result.rows]
    assert told == [
        ("cat-00007-00", "accepted", None),
        ("cat-00007-01", "rejected", "not_an_image"),
        ("cat-00007-02", "failed", "timeout"),
        ("cat-00007-03", "accepted", None),
        ("cat-00007-04", "rejected", "damaged"),
        ("cat-00007-05", "failed", "http_4xx"),
        ("cat-00007-06", "accepted", None),
    ]
    assert result.rows[0].title == "No. 0"
    assert result.rows[0].http_status == 200
    assert result.rows[2].detail == "it was so"
    assert all(row.source_sha256 for row in result.rows if row.verdict != "failed")
    assert [row.source_format for row in result.rows] == ["jpeg", "html", None, "webp", "jpeg", None, "png"]
    assert [row.source_bytes for row in result.rows] == [len(b) if isinstance(b, bytes) else None for b in BODIES]
    assert all((row.dhash is not None) == (row.verdict == "accepted") for row in result.rows)
    assert all(row.shard is None for row in result.rows if row.verdict != "accepted")


def test_offset_and_size_lead_to_the_image(tmp_path: Path) -> None:
    folder = LocalFolder(tmp_path)
    result = validate_shard(raw_shard(BODIES), label_slug="cat", shard_number=7, spec=ImageSpec())
    assert result.name == "shards/cat-00007.tar"
    folder.write(result.name, result.chunks())
    found = []
    for row in result.rows:
        if row.verdict == "accepted":
            assert row.shard == result.name
            assert row.offset is not None
            assert row.size_bytes is not None
            found.append(folder.read_range(row.shard, row.offset, row.size_bytes))
    assert found == GOOD


def test_the_shard_is_a_tar_that_webdataset_reads(tmp_path: Path) -> None:
    folder = LocalFolder(tmp_path)
    result = validate_shard(
        raw_shard(BODIES), label_slug="cat", shard_number=7, spec=ImageSpec(format="jpeg", size=200)
    )
    folder.write(result.name, result.chunks())
    path = str(folder.root / result.name)
    with tarfile.open(path) as archive:
        assert archive.getnames() == [f"cat-00007-{i:02}.{ext}" for i in (0, 3, 6) for ext in ("jpg", "json")]
        assert {(member.mtime, member.uid, member.uname) for member in archive} == {(0, 0, "")}
    samples = list(wds.WebDataset(path, shardshuffle=False).decode("pil"))
    assert [sample["__key__"] for sample in samples] == ["cat-00007-00", "cat-00007-03", "cat-00007-06"]
    assert all(max(sample["jpg"].size) == 200 for sample in samples)
    accepted = [row for row in result.rows if row.verdict == "accepted"]
    assert [ImageRow.model_validate(sample["json"]) for sample in samples] == accepted


def test_the_same_raw_shard_gives_the_same_tar() -> None:
    spec = ImageSpec(format="webp", size=128)
    first, second = (
        b"".join(validate_shard(raw_shard(BODIES), label_slug="cat", shard_number=7, spec=spec).chunks()) for _ in "ab"
    )
    assert first == second


def test_a_failed_check_is_told_with_its_value() -> None:
    flat = encoded(photo("coffee").filter(ImageFilter.GaussianBlur(6)))
    spec = ImageSpec()
    (row,) = validate_shard(raw_shard([flat]), label_slug="cat", shard_number=0, spec=spec).rows
    assert (row.verdict, row.reason) == ("rejected", "blurry")
    assert row.measured is not None
    assert row.measured < 0.06
    (row,) = validate_shard(raw_shard(GOOD[:1]), label_slug="cat", shard_number=0, spec=spec, turned=True).rows
    assert len(row.turned) == 7


def test_nothing_good_gives_an_empty_tar() -> None:
    result = validate_shard(raw_shard(["dns", b"no"]), label_slug="cat", shard_number=0, spec=ImageSpec())
    with tarfile.open(fileobj=io.BytesIO(b"".join(result.chunks()))) as archive:
        assert archive.getnames() == []
    assert [row.verdict for row in result.rows] == ["failed", "rejected"]


def test_what_is_no_raw_shard_is_a_typed_error() -> None:
    with pytest.raises(DamagedShardError):
        validate_shard(io.BytesIO(b"x" * 5_000), label_slug="cat", shard_number=0, spec=ImageSpec())


def test_the_hash_is_that_of_the_picture_stored() -> None:
    result = validate_shard(raw_shard(GOOD[:1]), label_slug="cat", shard_number=0, spec=ImageSpec())
    data = b"".join(result.chunks())
    row = result.rows[0]
    assert row.offset is not None
    assert row.size_bytes is not None
    image = decoded(data[row.offset : row.offset + row.size_bytes])
    assert imagehash.hex_to_hash(row.phash or "") - imagehash.phash(image) <= 4
    assert imagehash.hex_to_hash(row.dhash or "") - imagehash.dhash(image) <= 5
    assert row.turned == ()
    end = row.offset + row.size_bytes
    assert json.loads(data[end + (-row.size_bytes % 512) + 512 :].split(b"\0")[0])["key"] == row.key
