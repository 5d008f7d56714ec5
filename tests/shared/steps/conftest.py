"""Steps on Azurite and the Cosmos stand-in; pictures come from a small site of their own."""

import functools
import http.server
import io
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from builder.raw import write_raw
from builder.rounds import SHARD_SIZE
from builder.rows import Candidate, Fetched
from shared import shards
from shared.blobs import raw_folder
from shared.documents import SearchDocument, search_id, shard_id
from shared.settings import settings
from shared.steps import plan
from shared.tasks import SearchTask, ShardTask, Task
from tests.shared.conftest import store

PICTURES = 40


def picture(number: int, side: int = 96) -> bytes:
    """A JPEG like no other: noise grown to size, from a seed."""
    noise = Image.frombytes("L", (8, 8), bytes((number * 7919 + i * i * 31 + i * number * 17) % 256 for i in range(64)))
    out = io.BytesIO()
    noise.resize((side, side), Image.Resampling.NEAREST).convert("RGB").save(out, "JPEG", quality=92)
    return out.getvalue()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A web server with `0.jpg`... and `broken.jpg`; the value is its address."""
    root: Path = tmp_path_factory.mktemp("site")
    for number in range(PICTURES):
        (root / f"{number}.jpg").write_bytes(picture(number))
    (root / "broken.jpg").write_bytes(picture(99)[:1500])
    handler = functools.partial(_Quiet, directory=str(root))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def may_fetch(site: str, stores: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The site is an exception of the address guard; the value is its address."""
    monkeypatch.setenv("PIXCRAWLER_FETCH_ALLOW", site.removeprefix("http://"))
    settings.cache_clear()
    yield site
    monkeypatch.undo()
    settings.cache_clear()


def started(owner: str, links: list[str] | None = None, **changes: object) -> Task:
    """A planned dataset of one label, `cat`, from these URLs."""
    links = ["http://a.example/1.jpg"] if links is None else links
    labels = [{"name": "cat", "urls": links}]
    task = store(owner, **{"labels": labels, "sources": ["urls"], "images_per_label": 5, **changes})
    assert plan.plan(task) is not None
    return task


def search_task(task: Task, round_number: int = 1, need: int = 5, label: str = "cat") -> SearchTask:
    return SearchTask(**task.model_dump(), label=label, need=need, round=round_number)


def shard_task(task: Task, number: int = 0, round_number: int = 1, label: str = "cat") -> ShardTask:
    return ShardTask(**task.model_dump(), label=label, round=round_number, number=number, instance="someone")


def searched(task: Task, label: str = "cat", round_number: int = 1, first: int = 0, count: int = 1) -> None:
    """A round of searching took place."""
    shards.put(
        SearchDocument(
            id=search_id(label, round_number), dataset=task.dataset, label=label, round=round_number,
            first_shard=first, shards=count, found=count * SHARD_SIZE, dry=False,
        )
    )  # fmt: skip


def raw(task: Task, numbers: range, number: int = 0, label: str = "cat", side: int = 96) -> None:
    """A raw shard with these pictures, as `fetch_shard` writes it."""
    results = []
    for index, seed in enumerate(numbers):
        data = picture(seed, side)
        candidate = Candidate(url=f"http://a.example/{label}/{seed}.jpg", label=label, engine="urls", query=label)
        results.append((index, Fetched(candidate=candidate, size_bytes=len(data)), data))
    raw_folder(task.dataset).write(f"{shard_id(label, number)}.tar", write_raw(results), {"instance": "someone"})
