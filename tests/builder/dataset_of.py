"""A small dataset of real pictures on disk, ready to be exported."""

from datetime import date
from pathlib import Path

from builder.dedupe import deduplicate
from builder.exports.base import About
from builder.report import make_report
from builder.rows import FetchReason, ImageRow
from builder.spec import DatasetSpec, LabelSpec
from builder.splits import assign_splits
from builder.store import LocalFolder
from builder.validate_shard import validate_shard
from tests.builder.photos import encoded, picture, raw_shard

SPEC = DatasetSpec(
    name="Cats & Dögs | 2",
    labels=(LabelSpec(name="Red cat", queries=("red cat photo",)), LabelSpec(name="Dog")),
    images_per_label=12,
    sources=("bing",),
)


type Dataset = tuple[LocalFolder, list[ImageRow], About]


def build(root: Path) -> Dataset:
    """Two labels in two shards each, with a failure, a rejection and a duplicate in every shard."""
    folder = LocalFolder(root)
    rows: list[ImageRow] = []
    for place, label in enumerate(SPEC.labels):
        for number in range(2):
            seeds = range(1_000 * place + 100 * number, 1_000 * place + 100 * number + 6)
            pictures = [encoded(picture(seed), ("JPEG", "PNG", "WEBP")[seed % 3]) for seed in seeds]
            bodies: list[bytes | FetchReason] = [*pictures, "timeout", b"<html>", pictures[0]]
            raw = raw_shard(bodies, label.slug, first=100 * number)
            result = validate_shard(raw, label_slug=label.slug, shard_number=number, spec=SPEC.image)
            folder.write(result.name, result.chunks())
            rows += result.rows
    decided = deduplicate(rows, SPEC.dedupe, {label.slug: SPEC.target(label) for label in SPEC.labels})
    rows = [decided.apply(row) for row in rows]
    splits = assign_splits(rows, SPEC.splits)
    rows = sorted((row.model_copy(update={"split": splits.get(row.key)}) for row in rows), key=lambda row: row.key)
    report = make_report(SPEC, rows, conflicts=decided.conflicts)
    return folder, rows, About(spec=SPEC, report=report, created=date(2026, 11, 22), url="https://example.org/pets")


def accepted(dataset: Dataset) -> dict[str, tuple[ImageRow, bytes]]:
    """The rows in the dataset with the bytes of their images, by key."""
    folder, rows, _ = dataset
    return {
        row.key: (row, folder.read_range(row.shard or "", row.offset or 0, row.size_bytes or 0))
        for row in rows
        if row.verdict == "accepted"
    }
