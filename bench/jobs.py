"""The commands that are compared, and what each must have left behind when it ends."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from bench.peers import Peer
from bench.servers import Servers

PROCESSES = 2
THREADS = 32
SIZE = 256
QUALITY = 95
"""img2dataset's default; asked of both, since it decides about the bytes written."""

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Job:
    """A command that writes into a folder, which is not there before.

    `shards` is where its tars with images are, below that folder, None: it writes no images; `size` is the longest side
    that these may have (pixels), None: as served.
    """

    command: tuple[str, ...]
    shards: str | None = None
    size: int | None = None
    env: Mapping[str, str] = field(default_factory=dict)


Resize = Literal["fit", "shortest", "no", "no decoding"]
"""Of img2dataset: the longest side becomes SIZE (which is what the builder's `fit` does), or the shortest (which is its
own `keep_ratio`: 1.8 times the pixels of a 4:3 picture); encoded again in full size; left alone."""

Format = Literal["jpeg", "original"]


def img2dataset(peer: Peer, urls: Path, out: Path, resize: Resize, *, count: int, ca_file: Path | None = None) -> Job:
    """img2dataset as its README has it: webdataset output, SHA-256 and EXIF as by default.

    Its unit of work is a shard: five of equal size for every process, else one process would wait for the other.
    """
    options = {
        "fit": ("--resize_mode=keep_ratio_largest", f"--image_size={SIZE}", "--resize_only_if_bigger=True"),
        "shortest": ("--resize_mode=keep_ratio", f"--image_size={SIZE}", "--resize_only_if_bigger=True"),
        "no": ("--resize_mode=no",),
        "no decoding": ("--resize_mode=no", "--disable_all_reencoding=True"),
    }[resize]
    command = (
        str(peer.python.with_name("img2dataset")),
        f"--url_list={urls}",
        f"--output_folder={out}",
        "--output_format=webdataset",
        f"--processes_count={PROCESSES}",
        f"--thread_count={THREADS}",
        f"--encode_quality={QUALITY}",
        f"--number_sample_per_shard={max(1, count // (5 * PROCESSES))}",
        *options,
    )
    env = {"NO_ALBUMENTATIONS_UPDATE": "1"}
    if ca_file is not None:
        env["SSL_CERT_FILE"] = str(ca_file)
    return Job(command, ".", SIZE if resize == "fit" else None, env)


def from_urls(urls: Path, out: Path, servers: Servers, image_format: Format, *more: str, https: bool = False) -> Job:
    """The builder: robots.txt, opt-outs, checks, duplicates, splits, manifest and card as by default."""
    command = (
        sys.executable, "-m", "builder", "from-urls", str(urls), "--out", str(out), "--format", image_format,
        *(("--size", str(SIZE), "--quality", str(QUALITY)) if image_format == "jpeg" else ()),
        "--export", "webdataset", "--processes", str(PROCESSES), "--concurrency", str(THREADS),
        "--per-host", str(THREADS), "--allow", servers.allow,
        *(("--ca-file", str(servers.ca_file)) if https else ()),
        "--json", *more,
    )  # fmt: skip
    return Job(command, "exports/webdataset", SIZE if image_format == "jpeg" else None)


def validate(folder: Path) -> Job:
    """The builder's checks over a folder of images."""
    return Job((sys.executable, "-m", "builder", "validate", str(folder), "--tier", "standard", "--json"))


def cleanvision(peer: Peer, folder: Path, issues: Path) -> Job:
    """CleanVision over a folder of images, with its default issues and number of processes."""
    return Job((str(peer.python), str(_HERE / "run_cleanvision.py"), str(folder), str(issues)))


def hashes(file: Path, rule: Literal["dedupe", "splits"]) -> Job:
    """The builder's search for close hashes, and the groups that they make."""
    return Job((sys.executable, str(_HERE / "run_hashes.py"), str(file), rule))
