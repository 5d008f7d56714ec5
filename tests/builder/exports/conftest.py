"""One small dataset for all tests of exports."""

import pytest

from tests.builder.dataset_of import Dataset, build


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Two labels of twelve pictures, in four shards, each with a failure, a rejection and a duplicate too."""
    return build(tmp_path_factory.mktemp("dataset"))
