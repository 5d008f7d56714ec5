"""The smoke test: what has to work after a deployment. `make smoke` names one; with all tests it is the local stack.

It uses what a user has: an address and a key. Images come from here, so that no other site has a say in it; they are
uploaded, which also shows that events arrive. What it makes it removes.
"""

import io
import os
import time
import zipfile
from collections.abc import Iterator

import httpx
import pytest

from builder.zipstream import zip_chunks
from tests.builder.photos import encoded, picture
from tests.e2e.conftest import Api

PATIENCE = 600
"""Seconds. On Azure, several kinds of instances have to start first."""
NUMBER = 6


class Live(Api):
    """A deployment."""

    pause = 0.5


@pytest.fixture(scope="module")
def target() -> Iterator[Api]:
    """The deployment's API."""
    address, key = os.environ["PIXCRAWLER_SMOKE_URL"], os.environ["PIXCRAWLER_API_KEY"]
    with httpx.Client(base_url=f"{address}/api/v1", headers={"authorization": f"Bearer {key}"}, timeout=120) as client:
        yield Live(client)


@pytest.fixture(scope="module")
def upload(target: Api) -> Iterator[str]:
    """A few images, brought straight to storage and checked."""
    made = target.api.post("/uploads", json={"kind": "images", "filename": "smoke.zip"})
    assert made.status_code == 201, made.text
    upload, signed = made.json()["id"], made.json()["signed"]
    try:
        files = {f"photo/{number}.jpg": encoded(picture(number)) for number in range(NUMBER)}
        body = b"".join(zip_chunks(files.items()))
        assert httpx.put(signed["url"], content=body, headers=signed["headers"], timeout=120).status_code == 201
        deadline = time.monotonic() + PATIENCE
        while (found := target.api.get(f"/uploads/{upload}").json())["state"] in ("waiting", "checking"):
            assert time.monotonic() < deadline, f"no event told of the upload (docs/azure.md, Events): {found}"
            time.sleep(target.pause)
        assert found["state"] == "ready", found
        yield str(upload)
    finally:
        target.api.delete(f"/uploads/{upload}").raise_for_status()


@pytest.fixture(scope="module")
def dataset(target: Api, upload: str) -> Iterator[str]:
    """A dataset of them."""
    made = target.create(
        name="smoke test",
        labels=["photo"],
        images_per_label=NUMBER,
        sources=["uploads"],
        uploads=[upload],
        exports=["imagefolder"],
    )
    try:
        yield made
    finally:
        target.api.delete(f"/datasets/{made}").raise_for_status()
        assert target.api.get(f"/datasets/{made}").status_code == 404


def test_it_lives_and_its_stores_answer(target: Api) -> None:
    assert target.api.get("/health/live").status_code == 200
    ready = target.api.get("/health/ready")
    assert ready.status_code == 200, ready.text


def test_it_describes_itself(target: Api) -> None:
    assert "/api/v1/datasets" in target.api.get("/openapi.json").json()["paths"]
    assert target.api.get("/docs").headers["content-type"].startswith("text/html")


def test_nobody_gets_in_without_a_key(target: Api) -> None:
    refused = httpx.get(f"{target.api.base_url}datasets", timeout=120)
    assert refused.status_code == 401
    assert refused.headers["content-type"] == "application/problem+json"


def test_the_key_reads(target: Api) -> None:
    for path in ("/datasets", "/uploads", "/usage"):
        assert target.api.get(path).status_code == 200, path


def test_a_dataset_is_built_and_downloaded(target: Api, dataset: str) -> None:
    found = target.finished(dataset, PATIENCE)
    assert found["state"] == "ready", found
    rows = target.images(dataset, verdict="accepted")
    assert len(rows) == NUMBER
    image = target.api.get(f"/datasets/{dataset}/images/{rows[0]['key']}")
    assert len(image.content) == rows[0]["size_bytes"]
    archive = zipfile.ZipFile(io.BytesIO(target.export(dataset, "imagefolder")))
    assert sum(name.count("/") == 2 for name in archive.namelist()) == NUMBER  # split/label/file
