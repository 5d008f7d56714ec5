"""Groups of the same picture among the hashes of a file, by the whole rule: what the contest `hashes` measures."""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from builder.fingerprints import Closeness, Fingerprints
from builder.hashes import join_all
from builder.spec import DedupeSpec, SplitSpec

_BOTH_HASHES = 3


def main(file: Path, rule: str) -> None:
    """Print how many pictures there are. `rule`: `dedupe` or `splits`."""
    hashes = np.load(file)
    spec = DedupeSpec() if rule == "dedupe" else SplitSpec()
    none = np.zeros(0, dtype=np.int64)
    prints = Fingerprints(
        phash=hashes[:, 0].copy(),
        dhash=hashes[:, 1].copy(),
        has=np.full(len(hashes), _BOTH_HASHES, dtype=np.uint8),
        turned=none.astype(np.uint64),
        turned_owner=none,
    )
    points, _, _ = prints.points()
    groups = join_all(np.arange(len(points.phash)), points.close(Closeness(spec.radius, spec.joint_radius)))
    sys.stdout.write(f"{len(hashes):,} images, {np.count_nonzero(np.bincount(groups)):,} groups\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
