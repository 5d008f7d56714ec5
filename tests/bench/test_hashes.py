import subprocess
import sys
from pathlib import Path

import numpy as np

from bench import jobs, ratios
from bench.contests import Aim
from bench.hashes import multiplied
from bench.results import Run


def test_a_tenth_are_copies_and_the_rest_are_like_what_they_are_made_from() -> None:
    random = np.random.default_rng(1)
    few = random.integers(0, 2**64, (50, 2), dtype=np.uint64) | np.uint64(1 << 63)
    made = multiplied(few, 20_000)
    assert (made == multiplied(few, 20_000)).all()
    assert 0.94 < (made >> np.uint64(63)).mean() < 0.99  # the bit that all have, but for what is flipped
    last, others = made[-1], made[:18_000]
    assert np.bitwise_count(others ^ last).sum(axis=1).min() < 20


def test_the_job_says_how_many_groups_there_are(tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    hashes = random.integers(0, 2**64, (500, 2), dtype=np.uint64)
    np.save(tmp_path / "hashes.npy", np.concatenate((hashes, hashes[:40] ^ np.uint64(5))))
    job = jobs.hashes(tmp_path / "hashes.npy", "dedupe")
    assert job.command[0] == sys.executable
    done = subprocess.run(job.command, capture_output=True, text=True, check=True)
    assert done.stdout == "540 images, 500 groups\n"


def test_an_aim_may_be_a_quantity_itself() -> None:
    run = Run(wall_seconds=12.5, cpu_seconds=1, peak_bytes=1 << 29, items=1, images=None)
    held = [{"ours": run}]
    assert Aim("s", ratios.seconds, "ours", None, 20, at_least=False).judge(held).ratios == (12.5,)
    assert Aim("GiB", ratios.peak_gibibytes, "ours", None, 1, at_least=False).judge(held).ratios == (0.5,)
