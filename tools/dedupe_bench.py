"""Measures which rule tells copies from distinct photographs, beside imagededup, and how long a million images take.

    .venv/bin/python tools/dedupe_bench.py [--photos DIR] [--crops N] [--scale N] [--no-imagededup]

Prints Markdown. `docs/deduplication.md` says what the table means.
"""

import argparse
import io
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageEnhance

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from builder.dedupe import deduplicate
from builder.hashes import close_pairs
from builder.rows import ImageRow
from builder.spec import DedupeSpec, SplitSpec
from builder.splits import assign_splits

SIDE = 640
"""Longest side of the photographs before they are copied, pixels."""

Bits = NDArray[np.int64]
Rule = Callable[[Bits, Bits], NDArray[np.bool_]]

_IMAGEDEDUP = ("imagededup==0.3.3.post2", "--no-deps"), (
    "numpy<3", "scipy", "pillow", "tqdm", "PyWavelets", "matplotlib", "scikit-learn",
)  # fmt: skip

# imagededup imports torch and torchvision (gigabytes) for its neural networks; PHash touches neither. Whatever it asks
# of them while it is imported gets a name that does nothing.
_ENCODE = """
import importlib.abc, importlib.machinery, json, sys, types
from unittest.mock import MagicMock

class Names(type):
    def __getattr__(cls, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return MagicMock()

class Absent(types.ModuleType):
    __path__ = []
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Names(name, (), {}) if name[0].isupper() else MagicMock()

class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path, target=None):
        ours = name.partition(".")[0] in ("torch", "torchvision")
        return importlib.machinery.ModuleSpec(name, self) if ours else None
    def create_module(self, spec):
        return Absent(spec.name)
    def exec_module(self, module):
        pass

sys.meta_path.insert(0, Finder())
from imagededup.methods import PHash
json.dump(PHash(verbose=False).encode_images(image_dir=sys.argv[1], num_enc_workers=0), open(sys.argv[2], "w"))
"""


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _brightness(factor: float) -> Callable[[Image.Image], Image.Image]:
    return lambda image: ImageEnhance.Brightness(image).enhance(factor)


def _cropped(share: float) -> Callable[[Image.Image], Image.Image]:
    def crop(image: Image.Image) -> Image.Image:
        x, y = round(image.width * share / 2), round(image.height * share / 2)
        return image.crop((x, y, image.width - x, image.height - y))

    return crop


def _covered(left: float, top: float, right: float, bottom: float, colour: str) -> Callable[[Image.Image], Image.Image]:
    def cover(image: Image.Image) -> Image.Image:
        result, (width, height) = image.copy(), image.size
        box = (left * width, top * height, right * width, bottom * height)
        ImageDraw.Draw(result).rectangle(box, fill=colour)
        return result

    return cover


def _worse(image: Image.Image) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=30)
    return Image.open(buffer).convert("RGB")


COPIES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "half size": lambda image: image.resize((image.width // 2, image.height // 2)),
    "quality 30": _worse,
    "bright x1.4": _brightness(1.4),
    "dark x0.7": _brightness(0.7),
    "crop 2 %": _cropped(0.02),
    "crop 5 %": _cropped(0.05),
    "crop 10 %": _cropped(0.10),
    "bar 10 %": _covered(0, 0.9, 1, 1, "black"),
    "stamp": _covered(0.8, 0.88, 0.95, 0.95, "white"),
    "grey": lambda image: image.convert("L").convert("RGB"),
}


def _rules() -> dict[str, Rule]:
    def alone(radius: int) -> tuple[Rule, Rule, Rule]:
        return (
            lambda p, _: p <= radius,
            lambda _, d: d <= radius,
            lambda p, d: (p <= radius) | (d <= radius),
        )

    def joint(radius: int, both: int) -> Rule:
        return lambda p, d: (np.minimum(p, d) <= radius) & (p + d <= both)

    rules: dict[str, Rule] = {}
    for radius in (6, 8, 10):
        names = (f"pHash <= {radius}", f"dHash <= {radius}", f"pHash or dHash <= {radius}")
        rules |= dict(zip(names, alone(radius), strict=True))
    rules["pHash <= 8 or dHash <= 4"] = lambda p, d: (p <= 8) | (d <= 4)  # noqa: PLR2004 - the rule's bits
    rules["pHash <= 12 and dHash <= 12"] = lambda p, d: np.maximum(p, d) <= 12  # noqa: PLR2004 - the rule's bits
    default, splits = DedupeSpec(), SplitSpec()
    pairs = [(6, 24), (8, 20), (default.radius, default.joint_radius), (8, 28), (10, 24)]
    for radius, both in [*pairs, (splits.radius, splits.joint_radius)]:
        rules[f"either <= {radius}, both <= {both}"] = joint(radius, both)
    return rules


def _photographs(folder: Path | None) -> list[Path]:
    if folder is None:
        import skimage
        import sklearn

        data = Path(skimage.__file__).parent / "data"
        more = Path(sklearn.__file__).parent / "datasets" / "images"
        names = ("chelsea.png", "astronaut.png", "coffee.png", "rocket.jpg")
        return [*(data / name for name in names), more / "china.jpg", more / "flower.jpg"]
    found = sorted(p for p in folder.rglob("*") if p.suffix.lower() in {".jpg", ".jpeg", ".png", ".webp"})
    if not found:
        sys.exit(f"No photographs (jpg, png, webp) in {folder}: name another folder with --photos.")
    return found


def _write(paths: list[Path], crops: int, folder: Path) -> None:
    """Files `{photograph}-{copy}`: the picture, its copies, and `crops` random crops that stand for other pictures."""
    random = np.random.default_rng(0)
    for number, path in enumerate(paths):
        with Image.open(path) as opened:
            image = opened.convert("RGB")
        image.thumbnail((SIDE, SIDE))
        image.save(folder / f"{number:05}-original.jpg", quality=90)
        for name, copy in COPIES.items():
            copy(image).save(folder / f"{number:05}-{name.replace(' ', '_')}.jpg", quality=90)
        for crop in range(crops):
            share = random.uniform(0.35, 0.9)
            width, height = int(image.width * share), int(image.height * share)
            x, y = int(random.integers(image.width - width + 1)), int(random.integers(image.height - height + 1))
            image.crop((x, y, x + width, y + height)).save(folder / f"{number:05}-distinct{crop:03}.jpg", quality=90)


def _ours(folder: Path) -> dict[str, tuple[int, int]]:
    hashes = {}
    for path in sorted(folder.iterdir()):
        with Image.open(path) as image:
            hashes[path.stem] = int(str(imagehash.phash(image)), 16), int(str(imagehash.dhash(image)), 16)
    return hashes


def _imagededup(folder: Path, home: Path) -> dict[str, tuple[int, int]] | str:
    """Hashes by imagededup's PHash (twice, in the place of two hashes), or why there are none."""
    python = home / "bin" / "python"
    found = [p for v in ("3.11", "3.12") for p in (Path.home() / ".pyenv/versions").glob(f"{v}.*/bin/python")]
    uv = Path(sys.executable).with_name("uv")
    make = [str(uv), "venv", "-q", "--python", str(found[0]) if found else "3.12", str(home)]
    install = [[str(uv), "pip", "install", "-q", "--python", str(python), *names] for names in _IMAGEDEDUP]
    for command in ([] if python.exists() else [make]) + install:
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=900)  # noqa: S603 - our own words
        except (OSError, subprocess.SubprocessError) as error:
            return f"imagededup could not be installed ({type(error).__name__}): its row is missing."
    result = home / "hashes.json"
    try:
        subprocess.run([str(python), "-c", _ENCODE, str(folder), str(result)], check=True, capture_output=True)  # noqa: S603
    except subprocess.CalledProcessError as error:
        return f"imagededup did not run: {error.stderr.decode()[-200:]}"
    return {Path(name).stem: (int(digits, 16),) * 2 for name, digits in json.loads(result.read_text()).items()}


def _distances(hashes: dict[str, tuple[int, int]]) -> tuple[dict[str, tuple[Bits, Bits]], tuple[Bits, Bits], int]:
    """Distances of copies from originals by kind; of pairs of distinct pictures, if not far; how many these are."""

    def column(kind: str) -> NDArray[np.uint64]:
        return np.array([h for name, h in sorted(hashes.items()) if name.partition("-")[2] == kind], dtype=np.uint64)

    originals = column("original")
    copies = {}
    for name in COPIES:
        bits = np.bitwise_count(column(name.replace(" ", "_")) ^ originals).astype(np.int64)
        copies[name] = bits[:, 0], bits[:, 1]
    others = [(int(n[:5]), h) for n, h in sorted(hashes.items()) if "-distinct" in n or n.endswith("-original")]
    owner = np.array([number for number, _ in others])
    values = np.array([h for _, h in others], dtype=np.uint64)
    pieces, count = [np.zeros((0, 2), dtype=np.int64)], 0
    for position in range(len(values) - 1):
        apart = np.flatnonzero(owner[position + 1 :] != owner[position]) + position + 1
        count += len(apart)
        bits = np.bitwise_count(values[apart] ^ values[position])
        pieces.append(bits[bits.min(axis=1) <= 12].astype(np.int64))  # noqa: PLR2004 - no rule here looks farther
    near = np.concatenate(pieces)
    return copies, (near[:, 0], near[:, 1]), count


def _line(name: str, rule: Rule, copies: dict[str, tuple[Bits, Bits]], distinct: tuple[Bits, Bits]) -> str:
    recall = [100 * float(rule(*bits).mean()) for bits in copies.values()]
    cells = [f"{value:.0f}" for value in recall] + [f"{np.mean(recall):.1f}", str(int(rule(*distinct).sum()))]
    return f"| {name} | " + " | ".join(cells) + " |"


def _recall(options: argparse.Namespace) -> None:
    paths = _photographs(options.photos)
    crops = options.crops or max(10, 3_000 // len(paths))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        _write(paths, crops, folder)
        copies, distinct, count = _distances(_ours(folder))
        _say(f"{len(paths)} photographs; {count:,} pairs of distinct pictures\n")
        head = ["rule", *COPIES, "mean", "false pairs"]
        _say(f"| {' | '.join(head)} |\n|---{'|---:' * (len(head) - 1)}|")
        for name, rule in _rules().items():
            _say(_line(name, rule, copies, distinct))
        if not options.no_imagededup:
            found = _imagededup(folder, options.environment)
            if isinstance(found, str):
                _say(f"\n{found}")
                return
            copies, distinct, _ = _distances(found)
            _say(_line("imagededup PHash, default (10)", lambda p, _: p <= 10, copies, distinct))  # noqa: PLR2004


def _fingerprints(count: int, *, clustered: bool) -> NDArray[np.uint64]:
    """Two hashes per image, shape (count, 2): anywhere, or a tenth of them some bits away from 0.2 % of centres and
    biased bits in all (as skies and plain backgrounds give)."""
    random = np.random.default_rng(0)
    if not clustered:
        return random.integers(0, 2**64, (count, 2), dtype=np.uint64)
    # Two of three draws set a bit in half of the columns: neighbours in photographs tend to brighten the same way.
    a, b, c, bias = (random.integers(0, 2**64, (count, 2), dtype=np.uint64) for _ in range(4))
    hashes = np.where(bias[:, :1] % np.uint64(4) == 0, a & (b | c), a)
    copies = count // 10
    centres = hashes[random.integers(0, max(1, count // 500), copies)]
    for _ in range(5):
        centres = centres ^ (np.uint64(1) << random.integers(0, 64, centres.shape, dtype=np.uint64))
    hashes[count - copies :] = centres
    return hashes


def _rows(hashes: NDArray[np.uint64]) -> Iterator[ImageRow]:
    template = ImageRow(key="", label="x", url="", engine="urls", query="", verdict="accepted", width=640, height=480)
    for number, (phash, dhash) in enumerate(hashes.tolist()):
        fields = {"key": f"x-{number // 64:05}-{number % 64:02}", "phash": f"{phash:016x}", "dhash": f"{dhash:016x}"}
        digest = f"{number:064x}"
        yield template.model_copy(update={**fields, "source_sha256": digest, "sha256": digest})


def _timed[T](what: str, work: Callable[[], T]) -> T:
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    _say(f"| {what} | {time.perf_counter() - wall:.1f} | {time.process_time() - cpu:.1f} | {peak} |")
    return result


def _pairs(hashes: NDArray[np.uint64], radius: int) -> int:
    return sum(len(left) for left, _ in close_pairs(hashes, radius))


def _scale(count: int, *, clustered: bool) -> None:
    """A process of its own prints this, so that its peak memory is its own."""
    kind = "clustered" if clustered else "random"
    hashes = _fingerprints(count, clustered=clustered)
    for radius in (DedupeSpec().radius, SplitSpec().radius):
        _timed(
            f"{kind}: all pairs of one hash, radius {radius}",
            partial(_pairs, np.ascontiguousarray(hashes[:, 0]), radius),
        )
    _timed(f"{kind}: making the rows (not ours)", lambda: sum(1 for _ in _rows(hashes)))
    _timed(f"{kind}: the whole `deduplicate`", lambda: deduplicate(_rows(hashes), DedupeSpec(), {"x": count}))
    _timed(f"{kind}: the whole `assign_splits`", lambda: assign_splits(_rows(hashes), SplitSpec()))


def main() -> None:
    """Print what was asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--photos", type=Path, help="folder of distinct photographs; default: six from packages")
    parser.add_argument("--crops", type=int, help="crops per photograph that stand for other pictures")
    parser.add_argument("--scale", type=int, metavar="N", help="time N images instead of measuring rules")
    parser.add_argument("--clustered", action="store_true", help="with --scale: hashes as photographs have them")
    parser.add_argument("--no-imagededup", action="store_true")
    home = Path(tempfile.gettempdir()) / "pixcrawler-imagededup"
    parser.add_argument("--environment", type=Path, default=home, help="where imagededup is, or is to be, installed")
    options = parser.parse_args()
    if options.scale:
        _say("| step | wall s | CPU s | peak MB so far |\n|---|---:|---:|---:|")
        _scale(options.scale, clustered=options.clustered)
    else:
        _recall(options)


if __name__ == "__main__":
    main()
