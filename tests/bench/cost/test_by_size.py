"""The rule says as many requests as the SDK makes."""

from itertools import repeat

import pytest

from bench.cost.by_size import Shard, get, put
from shared.blobs import dataset_folder
from shared.settings import Settings
from tests.shared.conftest import configured, stores
from tests.shared.telemetry.reading import Recorded, recorded

__all__ = ["configured", "recorded", "stores"]

MB = 1 << 20


@pytest.mark.parametrize("megabytes", [1, 32, 44])
def test_a_blob_takes_as_many_requests_as_the_rule_says(stores: Settings, recorded: Recorded, megabytes: int) -> None:
    folder = dataset_folder(f"requests-{megabytes}")
    folder.write("blob", repeat(bytes(MB), megabytes))
    assert sum(len(piece) for piece in folder.chunks("blob")) == megabytes * MB
    found = {str(names[1]): value for names, value in recorded().items()}
    assert (found["storage_write"], found["storage_read"]) == (put(megabytes * MB), get(megabytes * MB))


def test_large_blobs_are_read_in_large_pieces() -> None:
    assert (put(32 * MB), get(32 * MB)) == (1, 1)
    assert (put(33 * MB), get(33 * MB)) == (4, 2)
    assert get(96 * MB) == 5


def test_a_shard_of_large_pictures_takes_more() -> None:
    small, large = Shard(5 * MB, 3 * MB, 3 * MB), Shard(90 * MB, 60 * MB, 45 * MB)
    assert small.writes == pytest.approx(2 + 3 / 16)
    assert large.writes == pytest.approx(7 + 5 + 45 / 16)
    assert [small.reads, large.reads] == [2, 8]
