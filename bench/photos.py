"""The photographs that the corpus is made from: a folder of one's own, or those in installed packages."""

import importlib.util
from pathlib import Path

from bench.errors import BenchError

_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})
_PACKAGED = {
    "skimage": (
        "data/astronaut.png", "data/chelsea.png", "data/coffee.png", "data/motorcycle_left.png", "data/rocket.jpg",
        "data/grass.png", "data/gravel.png", "data/camera.png",
    ),
    "sklearn": ("datasets/images/china.jpg", "datasets/images/flower.jpg"),
}  # fmt: skip


def photographs(folder: Path | None) -> list[Path]:
    """Every photograph below `folder`, in order of path; those of scikit-image and scikit-learn when it is None.

    Raises BenchError when there is none.
    """
    if folder is None:
        found = [path for package, names in _PACKAGED.items() for path in _in_package(package, names)]
    else:
        found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES)
    if not found:
        where = folder or "the installed packages scikit-image and scikit-learn"
        msg = f"no photographs in {where}: name a folder with some (make bench PHOTOS=DIR)"
        raise BenchError(msg)
    return found


def _in_package(package: str, names: tuple[str, ...]) -> list[Path]:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        return []
    root = Path(spec.origin).parent
    return [root / name for name in names if (root / name).exists()]
