"""What is asked: datasets made, looked at, listed, their images; on a quiet stack and with a build running."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from itertools import product

import requests

from bench.api.load import Ask, load
from bench.api.results import BUSY, QUIET, Load, Memory
from bench.api.stack import Stack
from bench.errors import BenchError
from bench.memory import proportional_bytes
from builder.remote.client import Client
from builder.remote.errors import ApiError
from builder.remote.models import FINAL, State
from builder.spec import DatasetSpec, LabelSpec

CLIENTS = (1, 16, 64)
CREATES_SHARE = 20
"""For so many reads, one dataset is made: each is built too."""
MEMORY_PARTS = 4
_TOPICS = ("landscape", "plant", "vehicle")
_IMAGES, _BUSY_IMAGES = 60, 400
_SETTLE_SECONDS = 1_800.0
_MEANWHILE = "meanwhile"
_RUNNING: tuple[State, ...] = ("queued", "building")


def prepared(client: Client) -> str:
    """A dataset that is ready, with images to list."""
    dataset = client.create(_sample("asked for", _IMAGES)).id
    for _ in client.watch(dataset):
        pass
    if (found := client.dataset(dataset)).state not in {"ready", "incomplete"}:
        msg = f"the dataset to ask for came out {found.state}: {found.error}"
        raise BenchError(msg)
    return dataset


def asks(stack: Stack, dataset: str) -> tuple[Ask, ...]:
    """All kinds of requests; the one that makes datasets is last, for their builds go on after it."""
    page = f"/datasets/{dataset}"
    headers = {"Authorization": f"Bearer {stack.key}"}
    etag = requests.get(stack.api + page, headers=headers, timeout=30).headers["etag"]

    def body(number: int) -> object:
        # A picture that is not there: the build is as small as one can be.
        label = {"name": "nothing", "urls": [f"{stack.gallery}/none/{number}.jpg"]}
        return {"name": f"bench {number}", "labels": [label], "images_per_label": 1, "sources": ["urls"]}

    return (
        Ask("status", "GET", page),
        Ask("status, unchanged", "GET", page, (304,), {"If-None-Match": etag}),
        Ask("list of 50", "GET", "/datasets"),
        Ask("images, 100 of a page", "GET", f"{page}/images?limit=100"),
        Ask("create", "POST", "/datasets", (202,), body=body),
    )


def measured(
    stack: Stack, client: Client, kinds: tuple[Ask, ...], count: int, told: Callable[[Load], None]
) -> list[Load]:
    """Every kind by every number of clients, first on the quiet stack, then with a build running."""
    found = []
    for phase in (QUIET, BUSY):
        with _building(stack) if phase == BUSY else nullcontext():
            for ask, clients in product(kinds, CLIENTS):
                sent = max(count // CREATES_SHARE, clients) if ask.method == "POST" else count
                one = load(stack.api, stack.key, ask, clients=clients, requests=sent, phase=phase)
                told(one)
                found.append(one)
                if ask.method == "POST":
                    settle(client)
    return found


def memory(stack: Stack, kinds: tuple[Ask, ...], count: int) -> Memory:
    """PSS of the app's process over so many reads, by 16 clients, after a fifth of them that do not count."""
    reads = [ask for ask in kinds if ask.method == "GET"]

    def read(part: int) -> None:
        for ask in reads:
            load(stack.api, stack.key, ask, clients=16, requests=part // len(reads), phase=QUIET)

    read(count // 5)
    looks = [proportional_bytes(stack.app)]
    for _ in range(MEMORY_PARTS):
        read(count // MEMORY_PARTS)
        looks.append(proportional_bytes(stack.app))
    return Memory(count, tuple(looks))


def settle(client: Client) -> None:
    """Wait until nothing is built any more, but for what is built on purpose."""
    end = time.monotonic() + _SETTLE_SECONDS
    while any(one.name != _MEANWHILE for state in _RUNNING for one in client.list(state=state)):
        if time.monotonic() > end:
            msg = f"builds still go on after {_SETTLE_SECONDS:.0f} s: the stack's log says why"
            raise BenchError(msg)
        time.sleep(0.5)


@contextmanager
def _building(stack: Stack) -> Iterator[None]:
    """See to it that a build collects images as long as this lasts: when one has ended, there is another."""
    client = Client(stack.api, stack.key, proxies=False)
    spec = _sample(_MEANWHILE, _BUSY_IMAGES)
    dataset = client.create(spec).id
    collecting, over = threading.Event(), threading.Event()

    def keep_building() -> None:
        nonlocal dataset
        while not over.wait(0.5):
            found = client.dataset(dataset)
            if found.stage == "collecting":
                collecting.set()
            if found.state in FINAL:
                dataset = client.create(spec).id

    thread = threading.Thread(target=keep_building, name="keep-building")
    thread.start()
    try:
        collecting.wait(60)
        yield
    finally:
        over.set()
        thread.join()
        with suppress(ApiError):  # it may have ended this moment
            client.cancel(dataset)


def _sample(name: str, images: int) -> DatasetSpec:
    labels = tuple(LabelSpec(name=topic) for topic in _TOPICS)
    return DatasetSpec(name=name, labels=labels, images_per_label=images, sources=("sample",))
