"""What each step of the builder costs in one process, beside the least that the same work can cost, in one run."""

import asyncio
import hashlib
import io
import statistics
import tarfile
import time
from collections.abc import Callable, Sequence
from contextlib import aclosing

import cv2
import numpy as np
import simplejpeg
from rich.console import Console

from bench.contests import Field, url_list
from bench.jobs import QUALITY, SIZE
from bench.load import ask
from bench.results import Step
from builder.fetch import fetch_many
from builder.fetcher import Fetcher
from builder.guard import AddressGuard, parse_exceptions
from builder.hashes import close_pairs, join_all
from builder.limits import FetchLimits
from builder.raw import write_raw
from builder.rows import Candidate, Fetched
from builder.spec import ImageSpec
from builder.validate import Accepted, validate

_PICTURES = 400
_FETCHED = 1_000
_REPEATS = 5
_CONCURRENCY = 32
_RADIUS = 8
_HASHES = 5_000


def measure_steps(field: Field, console: Console) -> tuple[Step, ...]:
    """Every step beside its floor: the median of some repetitions of each, in turn, by the CPU time of this process."""
    bodies = [(field.corpus.folder / picture.name).read_bytes() for picture in field.corpus.pictures[:_PICTURES]]
    urls = url_list(field, len(field.corpus.pictures)).read_text().split()[:_FETCHED]
    steps = []
    for name, count, work, floor_name, floor in _pairs(bodies, urls, field):
        work()
        floor()
        taken = [(_cpu(work), _cpu(floor)) for _ in range(_REPEATS)]
        ours, least = (statistics.median(each) for each in zip(*taken, strict=True))
        steps.append(Step(name=name, per_second=count / ours, floor=floor_name, floor_per_second=count / least))
        console.print(f"  {name}: {count / ours:,.0f}/s/core; {floor_name}: {count / least:,.0f}")
    return tuple(steps)


Work = Callable[[], object]


def _pairs(bodies: Sequence[bytes], urls: Sequence[str], field: Field) -> list[tuple[str, int, Work, str, Work]]:
    """Name and number of images of each step, the step, name of its floor, the floor."""
    small = _kept(bodies, ImageSpec(tier="standard", format="jpeg", size=SIZE, quality=QUALITY))
    hashes = np.array([picture.phash for picture in field.corpus.pictures[:_HASHES]], dtype=np.uint64)

    def admit(spec: ImageSpec) -> Work:
        return lambda: [validate(body, spec) for body in bodies]

    resized = {"format": "jpeg", "size": SIZE, "quality": QUALITY}
    return [
        ("fetch", len(urls), lambda: asyncio.run(_fetch(urls, field)),
         "libcurl alone, no guard, no manners, no rows", lambda: ask(urls, len(urls))),
        ("decode, resize to 256, encode, SHA-256 (tier fast)", len(bodies),
         admit(ImageSpec.model_validate({"tier": "fast", **resized})),
         "simplejpeg scaled + OpenCV area + simplejpeg", lambda: [_resized(body) for body in bodies]),
        ("the same with all checks (tier standard)", len(bodies),
         admit(ImageSpec.model_validate({"tier": "standard", **resized})),
         "simplejpeg scaled + OpenCV area + simplejpeg", lambda: [_resized(body) for body in bodies]),
        ("check, hash, keep the bytes (tier standard)", len(bodies), admit(ImageSpec(tier="standard")),
         "simplejpeg decode", lambda: [simplejpeg.decode_jpeg(body) for body in bodies]),
        ("near-duplicates among 5,000", len(hashes),
         lambda: join_all(np.arange(len(hashes)), close_pairs(hashes, _RADIUS)),
         "sorting the hashes", lambda: np.sort(hashes)),
        ("write a raw shard", len(bodies), lambda: write_raw(_fetched(bodies)),
         "tarfile, bytes alone", lambda: _tar(bodies)),
        ("write a shard of 256 px", len(small), lambda: write_raw(_fetched(small)),
         "SHA-256 of the bytes", lambda: [hashlib.sha256(body).hexdigest() for body in small]),
    ]  # fmt: skip


def _cpu(work: Work) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


async def _fetch(urls: Sequence[str], field: Field) -> None:
    candidates = [Candidate(url=url, label="any", engine="urls", query="any") for url in urls]
    limits = FetchLimits(concurrency=_CONCURRENCY, per_host=_CONCURRENCY)
    guard = AddressGuard(parse_exceptions(field.servers.allow))
    async with Fetcher(limits, guard) as fetcher, aclosing(fetch_many(candidates, fetcher)) as results:
        async for _, row, _ in results:
            if row.reason is not None:
                msg = f"{row.candidate.url}: {row.reason} ({row.detail})"
                raise ValueError(msg)


def _resized(body: bytes) -> bytes:
    """The least that a picture of 256 pixels can cost: the decoder stops at twice that."""
    height, width, _, _ = simplejpeg.decode_jpeg_header(body)
    factor = min(1.0, SIZE / max(width, height))
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    decoded = simplejpeg.decode_jpeg(body, min_width=min(width, 2 * size[0]), min_height=min(height, 2 * size[1]))
    pixels = cv2.resize(decoded, size, interpolation=cv2.INTER_AREA)
    return bytes(simplejpeg.encode_jpeg(np.ascontiguousarray(pixels), QUALITY, "RGB", "420"))


def _kept(bodies: Sequence[bytes], spec: ImageSpec) -> list[bytes]:
    results = (validate(body, spec) for body in bodies)
    return [result.data for result in results if isinstance(result, Accepted)]


def _fetched(bodies: Sequence[bytes]) -> list[tuple[int, Fetched, bytes | None]]:
    candidate = Candidate(url="http://127.0.0.1/", label="any", engine="urls", query="any")
    return [
        (number, Fetched(candidate=candidate, http_status=200, size_bytes=len(body)), body)
        for number, body in enumerate(bodies)
    ]


def _tar(bodies: Sequence[bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for number, body in enumerate(bodies):
            member = tarfile.TarInfo(f"{number}.jpg")
            member.size = len(body)
            tar.addfile(member, io.BytesIO(body))
    return buffer.getvalue()
