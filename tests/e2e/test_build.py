import csv
import hashlib
import io
import json
import tarfile
import zipfile
from collections import Counter

import httpx
import imagehash
import pyarrow.parquet as pq
import pytest
from PIL import Image

from builder.exports.write import FORMATS
from builder.rows import ImageRow
from local import azurite
from local.cosmos import DEFAULT_KEY
from local.gallery.topics import TOPICS
from tests.e2e.conftest import Stack

NAMES = list(TOPICS)[:2]
WANTED = 12
SIDE = 128


@pytest.fixture(scope="module")
def dataset(stack: Stack) -> str:
    found = stack.create(
        name="e2e",
        labels=[{"name": name} for name in NAMES],
        images_per_label=WANTED,
        sources=["sample"],
        image={"tier": "strict", "format": "jpeg", "size": SIDE, "resize": "pad"},
        dedupe={"turned": True},
        exports=FORMATS,
    )
    state = stack.finished(found)
    assert state["state"] == "ready", state
    return found


def test_progress_adds_up(stack: Stack, dataset: str) -> None:
    labels = stack.get(dataset)["progress"]["labels"]
    assert [one["label"] for one in labels] == NAMES
    for one in labels:
        assert one["accepted"] == WANTED == one["target"]
        assert one["found"] == one["fetched"] + one["failed"]
        assert one["fetched"] == one["accepted"] + one["rejected"] + one["duplicates"] + one["surplus"]
        assert sum(one["reasons"].values()) == one["found"] - one["accepted"]


def test_what_the_web_is_like_is_told_apart(stack: Stack, dataset: str) -> None:
    rows = stack.images(dataset, limit=50)
    reasons = Counter(row.get("reason") for row in rows)
    assert len(rows) == sum(one["found"] for one in stack.get(dataset)["progress"]["labels"])
    for reason in ("near_duplicate", "exact_duplicate", "not_an_image", "too_small", "http_4xx"):
        assert reasons[reason], reasons


def test_rows_are_filtered_and_paged(stack: Stack, dataset: str) -> None:
    accepted = stack.images(dataset, verdict="accepted", limit=5)
    assert len(accepted) == 2 * WANTED
    assert len({row["key"] for row in accepted}) == 2 * WANTED
    one = stack.images(dataset, verdict="accepted", label=NAMES[1])
    assert {row["label"] for row in one} == {NAMES[1]}
    assert len(one) == WANTED
    failed = stack.images(dataset, reason="http_4xx")
    assert failed
    assert {row["verdict"] for row in failed} == {"failed"}


def test_bytes_and_thumbnail_are_the_image(stack: Stack, dataset: str) -> None:
    row = stack.images(dataset, verdict="accepted", limit=1)[0]
    answer = stack.api.get(f"/datasets/{dataset}/images/{row['key']}")
    image = Image.open(io.BytesIO(answer.content))
    assert answer.headers["content-type"] == f"image/{row['format']}"
    assert len(answer.content) == row["size_bytes"]
    etag = answer.headers["etag"]
    assert stack.api.get(f"/datasets/{dataset}/images/{row['key']}", headers={"if-none-match": etag}).status_code == 304
    small = stack.api.get(f"/datasets/{dataset}/images/{row['key']}/thumbnail", params={"size": 64})
    thumbnail = Image.open(io.BytesIO(small.content))
    assert max(thumbnail.size) == 64
    assert imagehash.phash(image) - imagehash.phash(thumbnail) <= 12


def test_no_two_images_are_the_same_picture(stack: Stack, dataset: str) -> None:
    rows = stack.images(dataset, verdict="accepted", limit=500)
    hashes = [imagehash.hex_to_hash(row["phash"]) for row in rows]
    assert min(one - other for i, one in enumerate(hashes) for other in hashes[:i]) > 8


def test_imagefolder_holds_what_was_accepted(stack: Stack, dataset: str) -> None:
    archive = zipfile.ZipFile(io.BytesIO(stack.export(dataset, "imagefolder")))
    assert archive.testzip() is None
    accepted = {row["key"]: row for row in stack.images(dataset, verdict="accepted", limit=500)}
    pictures = [name for name in archive.namelist() if name.count("/") == 2]
    assert len(pictures) == len(accepted)
    for name in pictures:
        split, label, file = name.split("/")
        row = accepted[file.partition(".")[0]]
        assert (row["split"], row["label"].replace(" ", "-")) == (split, label)
        Image.open(io.BytesIO(archive.read(name))).load()
    manifest = [ImageRow.model_validate_json(line) for line in archive.read("manifest.jsonl").splitlines()]
    assert len(manifest) == len(stack.images(dataset, limit=500))
    rejected = [row for row in manifest if row.verdict == "rejected"]
    assert rejected
    assert all(row.reason and row.url and row.engine == "sample" and row.query for row in manifest if row in rejected)
    credited = list(csv.DictReader(io.StringIO(archive.read("attribution.csv").decode())))
    assert len(credited) == len(accepted)
    assert "README.md" in archive.namelist()


def test_webdataset_holds_the_same_images(stack: Stack, dataset: str) -> None:
    exports = {one["format"]: one for one in stack.api.get(f"/datasets/{dataset}/exports").json()["exports"]}
    keys = set()
    for file in exports["webdataset"]["files"]:
        data = stack.export(dataset, "webdataset", file["name"])
        assert len(data) == file["bytes"]
        if file["name"].endswith(".tar"):
            with tarfile.open(fileobj=io.BytesIO(data)) as tar:
                keys |= {name.partition(".")[0] for name in tar.getnames() if name.endswith(".json")}
    assert keys == {row["key"] for row in stack.images(dataset, verdict="accepted", limit=500)}


def test_images_are_kept_in_the_form_asked_for(stack: Stack, dataset: str) -> None:
    for row in stack.images(dataset, verdict="accepted", limit=500):
        assert (row["format"], row["width"], row["height"]) == ("jpeg", SIDE, SIDE)
        assert row["source_sha256"] != row["sha256"]
        assert len(row["turned"]) == 7


def test_every_export_is_there_and_whole(stack: Stack, dataset: str) -> None:
    exports = {one["format"]: one["files"] for one in stack.api.get(f"/datasets/{dataset}/exports").json()["exports"]}
    assert set(exports) == set(FORMATS)
    found = {}
    for export_format, files in exports.items():
        for file in files:
            data = found[export_format, file["name"]] = stack.export(dataset, export_format, file["name"])
            assert (len(data), hashlib.sha256(data).hexdigest()) == (file["bytes"], file["sha256"])
    tables = [data for (_, name), data in found.items() if name.endswith(".parquet")]
    assert sum(pq.read_table(io.BytesIO(data)).num_rows for data in tables) == 2 * WANTED
    coco = zipfile.ZipFile(io.BytesIO(found["coco", exports["coco"][0]["name"]]))
    assert "thumbnails.jpg" in coco.namelist()
    assert len(json.loads(coco.read("annotations/instances_train.json"))["categories"]) == len(NAMES)


def test_a_dataset_is_listed_newest_first(stack: Stack, dataset: str) -> None:
    pages, cursor = [], None
    while True:
        params: dict[str, str | int] = {"limit": 1, **({"cursor": cursor} if cursor else {})}
        page = stack.api.get("/datasets", params=params).json()
        pages += page["datasets"]
        cursor = page["next"]
        if not cursor:
            break
    created = [one["created"] for one in pages]
    assert created == sorted(created, reverse=True)
    assert dataset in {one["id"] for one in pages}


def test_no_secret_is_in_the_logs(stack: Stack, dataset: str) -> None:
    link = stack.api.get(f"/datasets/{dataset}/exports/imagefolder/link").json()["url"]
    assert "sig=" in link
    httpx.get(link).raise_for_status()
    logs = {path.name: path.read_text(errors="replace") for path in (stack.data / "logs").iterdir()}
    assert "host.log" in logs
    for secret in ("sig=", "AccountKey", azurite.KEY, DEFAULT_KEY):
        assert [name for name, text in logs.items() if secret in text] == []
