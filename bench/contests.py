"""The contests: who runs on what, and which ratios are aimed at."""

import random
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from bench import jobs, ratios
from bench.corpus import Corpus
from bench.hashes import hashes_of, multiplied
from bench.jobs import Job
from bench.peers import Peer
from bench.ratios import Quantity
from bench.results import Criterion, Round
from bench.servers import HOSTS, Servers
from bench.site import FAILURES

COUNT = 5_000
HASHES = 1_000_000
LARGE = 4
"""Times as many, for `scale`."""

WARM_UP = 60
BUILDER, IMG2DATASET, CLEANVISION = "builder", "img2dataset", "CleanVision"

_FAILURE_SHARES = dict(zip(FAILURES, (0.3, 0.2, 0.2, 0.25, 0.05), strict=True))
"""Of URLs that fail: most of what is dead says so, and few hosts let nobody go. A slow one holds a place for as long
as it is waited for, so that its share alone could decide about the whole."""

_PATIENCE_SECONDS = "3"
_FAILING_CONCURRENCY = "128"


@dataclass(frozen=True, slots=True)
class Field:
    """All that contestants run on. `damaged` is the folder for `validate`."""

    corpus: Corpus
    servers: Servers
    peers: dict[str, Peer]
    damaged: Path
    work: Path


@dataclass(frozen=True, slots=True)
class Contestant:
    """Its job for a number of URLs and a path for what it writes. `urls` is how many a real run has, None where it is
    given something else: so many `items`, or the files of the damaged folder; about `seconds` is how long that takes on
    two cores."""

    name: str
    job: Callable[[Field, int, Path], Job]
    urls: int | None
    seconds: float
    items: int | None = None


@dataclass(frozen=True, slots=True)
class Aim:
    """A ratio between two contestants and what it should be; with no contestant `below`, the quantity itself."""

    name: str
    quantity: Quantity
    above: str
    below: str | None
    value: float
    at_least: bool = True

    def judge(self, rounds: Sequence[Round]) -> Criterion:
        """The ratio of every round."""
        found = ratios.of_rounds(rounds, self.quantity, self.above, self.below)
        return Criterion(name=self.name, aim=self.value, at_least=self.at_least, ratios=found)


@dataclass(frozen=True, slots=True)
class Contest:
    """Contestants that alternate, round by round."""

    key: str
    title: str
    contestants: tuple[Contestant, ...]
    aims: tuple[Aim, ...]


def chosen(keys: Collection[str], count: int) -> tuple[Contest, ...]:
    """The contests of these names, with `count` URLs instead of COUNT."""

    def scaled(each: Contestant) -> Contestant:
        return each if each.urls is None else replace(each, urls=each.urls * count // COUNT)

    return tuple(
        replace(contest, contestants=tuple(map(scaled, contest.contestants))) for contest in ALL if contest.key in keys
    )


def url_list(field: Field, count: int, *, https: bool = False) -> Path:
    """A file with the URLs of the first `count` pictures, spread over all hosts."""
    urls = _urls(field, count, https=https)
    return _written(field, f"{'https' if https else 'http'}-{count}.txt", urls)


def failing_list(field: Field, count: int) -> Path:
    """The same URLs as in `url_list`, and as many that fail, shuffled; which fails how is told by the URL."""
    kinds = random.Random(count).choices(FAILURES, list(_FAILURE_SHARES.values()), k=count)  # noqa: S311 - no secret
    good = _urls(field, count)
    bad = [
        f"http://{HOSTS[number % len(HOSTS)]}:{field.servers.failing}/{kind}/{picture.name}"
        for number, (kind, picture) in enumerate(zip(kinds, field.corpus.pictures, strict=False))
    ]
    urls = good + bad
    random.Random(count).shuffle(urls)  # noqa: S311 - as above
    return _written(field, f"failing-{count}.txt", urls)


def _urls(field: Field, count: int, *, https: bool = False) -> list[str]:
    scheme, port = ("https", field.servers.https) if https else ("http", field.servers.http)
    return [
        f"{scheme}://{HOSTS[number % len(HOSTS)]}:{port}/{picture.name}"
        for number, picture in enumerate(field.corpus.pictures[:count])
    ]


def _written(field: Field, name: str, urls: list[str]) -> Path:
    path = field.work / "lists" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{url}\n" for url in urls))
    return path


def _img2dataset(resize: jobs.Resize, *, https: bool = False) -> Callable[[Field, int, Path], Job]:
    def job(field: Field, count: int, out: Path) -> Job:
        ca_file = field.servers.ca_file if https else None
        urls = url_list(field, count, https=https)
        return jobs.img2dataset(field.peers[IMG2DATASET], urls, out, resize, count=count, ca_file=ca_file)

    return job


def _builder(image_format: jobs.Format, *, https: bool = False) -> Callable[[Field, int, Path], Job]:
    def job(field: Field, count: int, out: Path) -> Job:
        urls = url_list(field, count, https=https)
        return jobs.from_urls(urls, out, field.servers, image_format, https=https)

    return job


def _patient(urls: Callable[[Field, int], Path]) -> Callable[[Field, int, Path], Job]:
    """The builder with a deadline of some seconds and places for those who are waited for."""
    options = (
        "--timeout",
        _PATIENCE_SECONDS,
        "--concurrency",
        _FAILING_CONCURRENCY,
        "--per-host",
        _FAILING_CONCURRENCY,
    )
    return lambda field, count, out: jobs.from_urls(urls(field, count), out, field.servers, "jpeg", *options)


def _validate(field: Field, _: int, __: Path) -> Job:
    return jobs.validate(field.damaged)


def _hashes(rule: Literal["dedupe", "splits"]) -> Callable[[Field, int, Path], Job]:
    def job(field: Field, _: int, __: Path) -> Job:
        file = field.work / f"hashes-{HASHES}.npy"
        if not file.exists():
            np.save(file, multiplied(hashes_of(field.corpus), HASHES))
        return jobs.hashes(file, rule)

    return job


def _cleanvision(field: Field, _: int, out: Path) -> Job:
    return jobs.cleanvision(field.peers[CLEANVISION], field.damaged, out)


ALL = (
    Contest(
        "resize",
        "longest side 256 px, webdataset",
        (
            Contestant(IMG2DATASET, _img2dataset("fit"), COUNT, 21),
            Contestant(BUILDER, _builder("jpeg"), COUNT, 11),
            Contestant(f"{IMG2DATASET}, shortest side", _img2dataset("shortest"), COUNT, 22),
        ),
        (
            Aim("images/s", ratios.items_per_second, BUILDER, IMG2DATASET, 2.0),
            Aim("images/s, shortest side", ratios.items_per_second, BUILDER, f"{IMG2DATASET}, shortest side", 2.0),
            Aim("peak memory", ratios.peak, BUILDER, IMG2DATASET, 1.0, at_least=False),
        ),
    ),
    Contest(
        "original",
        "original bytes (img2dataset: `--resize_mode no`), webdataset",
        (
            Contestant(IMG2DATASET, _img2dataset("no"), COUNT, 20),
            Contestant(BUILDER, _builder("original"), COUNT, 8),
            Contestant("img2dataset, nothing decoded", _img2dataset("no decoding"), COUNT, 7),
        ),
        (
            Aim("images/s", ratios.items_per_second, BUILDER, IMG2DATASET, 3.0),
            Aim("peak memory", ratios.peak, BUILDER, IMG2DATASET, 1.0, at_least=False),
        ),
    ),
    Contest(
        "https",
        "the same as `resize` over HTTPS from four hosts",
        (
            Contestant(IMG2DATASET, _img2dataset("fit", https=True), COUNT, 35),
            Contestant(BUILDER, _builder("jpeg", https=True), COUNT, 13),
        ),
        (
            Aim("images/s", ratios.items_per_second, BUILDER, IMG2DATASET, 2.0),
            Aim("peak memory", ratios.peak, BUILDER, IMG2DATASET, 1.0, at_least=False),
        ),
    ),
    Contest(
        "validate",
        "checks alone, a folder with damage",
        (Contestant(CLEANVISION, _cleanvision, None, 40), Contestant(BUILDER, _validate, None, 7)),
        (Aim("images/s", ratios.items_per_second, BUILDER, CLEANVISION, 5.0),),
    ),
    Contest(
        "hashes",
        "groups among the hashes of 1,000,000 pictures",
        (
            Contestant("builder, pictures", _hashes("dedupe"), None, 12, HASHES),
            Contestant("builder, families for splits", _hashes("splits"), None, 20, HASHES),
        ),
        (
            Aim("seconds", ratios.seconds, "builder, pictures", None, 20, at_least=False),
            Aim("peak GiB", ratios.peak_gibibytes, "builder, pictures", None, 1, at_least=False),
        ),
    ),
    Contest(
        "scale",
        "four times as many images",
        (
            Contestant("builder, list", _builder("jpeg"), COUNT, 11),
            Contestant("builder, four times the list", _builder("jpeg"), LARGE * COUNT, 42),
        ),
        (
            Aim("time", ratios.seconds, "builder, four times the list", "builder, list", 4.3, at_least=False),
            Aim("peak memory", ratios.peak, "builder, four times the list", "builder, list", 1.1, at_least=False),
        ),
    ),
    Contest(
        "failing",
        "as many URLs again that fail: 404, reset, truncated, HTML, slow",
        (
            Contestant("builder, all good", _patient(url_list), COUNT, 11),
            Contestant("builder, half fail", _patient(failing_list), COUNT, 14),
        ),
        (Aim("good images/s", ratios.images_per_second, "builder, half fail", "builder, all good", 0.8),),
    ),
)
