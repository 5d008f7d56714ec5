"""The app's own stores on Azurite and the Cosmos stand-in; each test has a dataset of its own."""

import uuid
from collections.abc import Callable, Iterator

import pytest

from builder.rows import ImageRow
from builder.spec import DatasetSpec
from shared import blobs, cosmos, datasets
from shared.documents import DatasetDocument
from shared.settings import Settings, settings
from shared.tasks import Task
from tests.conftest import Cosmos


@pytest.fixture(scope="session")
def configured(azurite: str, cosmos: Cosmos) -> Iterator[Settings]:
    """The settings of this process point at the emulators."""
    patch = pytest.MonkeyPatch()
    patch.setenv("AzureWebJobsStorage", azurite)
    patch.setenv("PIXCRAWLER_COSMOS_ENDPOINT", cosmos.endpoint)
    patch.setenv("PIXCRAWLER_COSMOS_KEY", cosmos.key)
    patch.setenv("PIXCRAWLER_CREATE_RESOURCES", "true")
    settings.cache_clear()
    yield settings()
    patch.undo()
    settings.cache_clear()


@pytest.fixture
def stores(configured: Settings) -> Settings:
    """Storage and database with their containers."""
    blobs.service()
    cosmos.database()
    return configured


@pytest.fixture
def owner() -> str:
    """An owner who has nothing yet."""
    return uuid.uuid4().hex


def spec(**changes: object) -> DatasetSpec:
    """A small request."""
    return DatasetSpec.model_validate({"name": "pets", "labels": [{"name": "Red panda"}, {"name": "cat"}], **changes})


def store(owner: str, **changes: object) -> Task:
    """A dataset of this owner, queued."""
    found = spec(**changes)
    document = datasets.create(DatasetDocument(id=uuid.uuid4().hex, owner=owner, name=found.name, spec=found))
    return Task(owner=owner, dataset=document.id)


def row(number: int, label: str = "cat", **changes: object) -> ImageRow:
    """An accepted image, unlike any other."""
    usual = {
        "key": f"{label}-{number // 64:05}-{number % 64:02}", "label": label, "url": f"http://a.example/{label}/{number}.jpg",
        "engine": "urls", "query": label, "verdict": "accepted", "sha256": f"{number:064x}",
    }  # fmt: skip
    return ImageRow.model_validate({**usual, **changes})


@pytest.fixture
def seal_with(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Gives this process these sealing keys, the first of which seals."""

    def use(*keys: str) -> None:
        monkeypatch.setenv("PIXCRAWLER_SEALING_KEYS", ", ".join(keys))
        settings.cache_clear()

    yield use
    monkeypatch.undo()
    settings.cache_clear()
