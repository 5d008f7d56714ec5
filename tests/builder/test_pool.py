"""Worker processes: what happens when one dies, or cannot write."""

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from builder.errors import WorkerLostError
from builder.guard import AddressGuard, parse_exceptions
from builder.limits import FetchLimits
from builder.manners import Manners
from builder.pool import Pool
from builder.rows import Candidate
from builder.spec import ImageSpec
from builder.work import Finished, Slice, WorkerOptions
from builder.workspace import Workspace
from tests.builder.counting import CountingSite, counting_site, wait_until
from tests.builder.photos import encoded, picture

PICTURES = {f"/{number:03}.jpg": encoded(picture(number)) for number in range(40)}


@pytest.fixture
def site() -> Iterator[CountingSite]:
    with counting_site(PICTURES) as running:
        yield running


def workers(site: CountingSite, root: Path) -> list[WorkerOptions]:
    return [
        WorkerOptions(
            root=root,
            image=ImageSpec(),
            turned=False,
            limits=FetchLimits(),
            guard=AddressGuard(parse_exceptions(site.exception)),
            manners=Manners(),
            ca_file=None,
        )
    ]


def slice_of(site: CountingSite, count: int) -> Slice:
    candidates = tuple(
        Candidate(url=site.url(path), label="cat", engine="urls", query="cat") for path in list(PICTURES)[:count]
    )
    return Slice("cat", 0, candidates)


def until_finished(pool: Pool) -> None:
    deadline = time.monotonic() + 30
    while not any(isinstance(message, Finished) for message in pool.wait(0.1)):
        assert time.monotonic() < deadline


def test_a_worker_that_dies_is_replaced(site: CountingSite, tmp_path: Path) -> None:
    site.free = 10
    site.gate.clear()
    with Pool(workers(site, tmp_path)) as pool:
        pool.submit(slice_of(site, 40))
        wait_until(lambda: site.served > 10)
        for process in multiprocessing.active_children():
            assert process.pid is not None
            os.kill(process.pid, signal.SIGKILL)
        site.gate.set()
        until_finished(pool)
        assert pool.idle
    assert sum(row.verdict == "accepted" for row in Workspace(tmp_path).rows()) == 40


def test_slices_with_a_slow_candidate_each_hold_nobody_up(site: CountingSite, tmp_path: Path) -> None:
    site.gate.clear()
    slow = [f"/{number:03}.jpg?slow" for number in range(20)]
    site.held = set(slow)
    quick = iter(PICTURES)
    limits = FetchLimits(concurrency=64, per_host=64)
    with Pool([replace(worker, limits=limits) for worker in workers(site, tmp_path)]) as pool:
        for number, path in enumerate(slow):
            urls = [site.url(one) for one in (path, next(quick), next(quick))]
            candidates = tuple(Candidate(url=url, label="cat", engine="urls", query="cat") for url in urls)
            pool.submit(Slice("cat", number, candidates))
        wait_until(lambda: list(pool.wait(0.1)) is not None and set(PICTURES) <= site.requests.keys())


def test_what_workers_die_of_becomes_a_row(site: CountingSite, tmp_path: Path) -> None:
    work = slice_of(site, 3)
    with Pool(workers(site, tmp_path)) as pool:
        pool.submit(Slice(work.slug, work.number, work.candidates, crashes=(1,)))
        until_finished(pool)
    rows = list(Workspace(tmp_path).rows())
    assert [row.verdict for row in rows] == ["accepted", "rejected", "accepted"]
    assert (rows[1].reason, rows[1].detail) == ("damaged", "the process that decoded it died or never came back, twice")
    assert list(PICTURES)[1] not in site.requests


def test_a_folder_that_cannot_be_written_to_is_told(site: CountingSite, tmp_path: Path) -> None:
    (tmp_path / "rows").write_text("a file where a folder has to be")
    with Pool(workers(site, tmp_path)) as pool:
        pool.submit(slice_of(site, 3))
        with pytest.raises(WorkerLostError, match="cannot write below"):
            until_finished(pool)


def test_a_decoder_that_never_comes_back_is_ended_and_told(site: CountingSite, tmp_path: Path) -> None:
    """What such a worker looks like from outside: it says where it is, and nothing more."""
    site.gate.clear()
    with Pool(workers(site, tmp_path), decode_seconds=0.3) as pool:
        pool.submit(slice_of(site, 3))
        stopped = []
        for _ in range(2):
            (member,) = pool._members
            assert member.process.pid is not None
            os.kill(member.process.pid, signal.SIGSTOP)
            stopped.append(member.process.pid)
            member.place[1], member.place[0] = 1, next(iter(member.open))
            deadline = time.monotonic() + 30
            while pool._members == [member]:
                assert time.monotonic() < deadline
                assert not list(pool.wait(0.05))
        site.gate.set()
        until_finished(pool)
    rows = list(Workspace(tmp_path).rows())
    assert [row.verdict for row in rows] == ["accepted", "rejected", "accepted"]
    assert rows[1].detail == "the process that decoded it died or never came back, twice"
    assert len(set(stopped)) == 2


def test_who_is_slow_only_while_everything_stood_still_is_left_alone(site: CountingSite, tmp_path: Path) -> None:
    site.gate.clear()
    with Pool(workers(site, tmp_path), decode_seconds=30) as pool:
        pool.submit(slice_of(site, 1))
        (member,) = pool._members
        member.place[1], member.place[0] = 0, next(iter(member.open))
        for _ in range(3):
            pool._looked -= 3_600
            list(pool.wait(0))
        assert pool._members == [member]
        assert member.process.is_alive()
