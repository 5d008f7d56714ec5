"""Making a dataset: its estimate first, then a place for its build, then the document; or all but the last two."""

import asyncio
from collections.abc import Callable

from shared import datasets, quotas
from shared.documents import DatasetDocument
from shared.estimate import Estimate, estimate
from shared.problems import invalid_body
from shared.settings import settings


def rehearse(document: DatasetDocument) -> Estimate:
    """The estimate, after all that `create` would check but whether builds are begun now; `ProblemError` as there.

    Nothing is stored.
    """
    plan = _estimated(document)
    quotas.check(document.owner, images=_images(document), size=plan.stored_bytes)
    return plan


async def create(
    document: DatasetDocument, store: Callable[[DatasetDocument], DatasetDocument] = datasets.create
) -> DatasetDocument:
    """Store a new dataset that is to be built, within its tenant's quotas; the document that is there now.

    `ProblemError` 422 when `max_cost` is below what any build of it costs, 429 and 403 as `quotas.reserve`.
    """
    plan = await asyncio.to_thread(_estimated, document)
    await quotas.reserve_soon(document.owner, document.id, images=_images(document), size=plan.stored_bytes)
    return await asyncio.to_thread(_stored, document, store)


def _stored(document: DatasetDocument, store: Callable[[DatasetDocument], DatasetDocument]) -> DatasetDocument:
    """In one piece: who stops waiting for it must not give back the place of a dataset that is made after all."""
    try:
        return store(document)
    except BaseException:
        quotas.release(document.owner, document.id)
        raise


def _estimated(document: DatasetDocument) -> Estimate:
    plan = estimate(document.owner, document.spec)
    if document.max_cost is not None and document.max_cost < plan.least_cost:
        currency = settings().prices.currency
        least = f"{plan.least_cost:.6f} {currency}"
        raise invalid_body([(("max_cost",), f"one shard for each label costs about {least} already: allow more")])
    return plan


def _images(document: DatasetDocument) -> int:
    return sum(document.spec.target(label) for label in document.spec.labels)
