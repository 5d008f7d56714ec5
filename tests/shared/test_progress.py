from builder.spec import DatasetSpec
from shared.documents import Counts, SearchDocument, ShardDocument, SourceFigures
from shared.progress import progress

SPEC = DatasetSpec.model_validate({"name": "pets", "labels": [{"name": "Cat"}, {"name": "dog", "images": 7}]})


def shard(label: str, number: int, **counts: int) -> ShardDocument:
    total = Counts(candidates=sum(counts.values()), **counts)
    return ShardDocument(
        id=f"{label}-{number:05}", dataset="d", label=label, number=number, state="validated", counts=total
    )


def search(label: str, round_number: int, *sources: SourceFigures) -> SearchDocument:
    return SearchDocument(
        id=f"search-{label}-{round_number:03}", dataset="d", label=label, round=round_number, first_shard=0, shards=1,
        found=sum(one.found for one in sources), dry=all(one.dry for one in sources), sources=sources,
    )  # fmt: skip


def test_shards_and_rounds_are_summed_by_label() -> None:
    shards = [
        shard("cat", 0, accepted=3, failed=2),
        shard("cat", 1, accepted=1, duplicate=4),
        shard("dog", 0, rejected=1),
    ]
    searches = [
        search(
            "cat", 1, SourceFigures(source="bing", found=5, dry=False, error_kind="rate_limited", error="slow down")
        ),
        search("cat", 2, SourceFigures(source="bing", found=5, dry=True)),
    ]
    found = progress(SPEC, shards, searches)
    cat, dog = found.labels
    assert (cat.label, cat.target, cat.found, cat.fetched, cat.accepted, cat.duplicates) == ("Cat", 100, 10, 8, 4, 4)
    assert (dog.label, dog.target, dog.found, dog.rejected) == ("dog", 7, 0, 1)
    assert [(one.source, one.found, one.dry) for one in found.sources] == [("bing", 10, True)]
    assert found.sources[0].error is not None
    assert found.sources[0].error.kind == "rate_limited"


def test_a_dataset_that_has_not_begun_has_zeros() -> None:
    found = progress(SPEC, [], [])
    assert [(one.found, one.accepted, one.failed_shards) for one in found.labels] == [(0, 0, 0), (0, 0, 0)]
    assert found.sources == ()
