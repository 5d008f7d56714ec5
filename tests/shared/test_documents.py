from hypothesis import given
from hypothesis import strategies as st

from builder.rounds import SHARD_SIZE
from builder.rows import ImageRow
from shared.documents import Counts, ShardDocument, now

VERDICTS = ("accepted", "duplicate", "surplus", "rejected", "failed")
ROWS = st.lists(
    st.builds(
        lambda number, verdict: ImageRow(
            key=f"cat-00000-{number:02}", label="cat", url="http://a.example/1.jpg", engine="urls", query="cat",
            verdict=verdict, reason=None if verdict == "accepted" else "damaged",
        ),
        st.integers(0, 63), st.sampled_from(VERDICTS),
    )
)  # fmt: skip


@given(ROWS, ROWS)
def test_counts_of_parts_sum_to_counts_of_the_whole(one: list[ImageRow], other: list[ImageRow]) -> None:
    assert Counts.of(one).plus(Counts.of(other)) == Counts.of(one + other)


@given(ROWS)
def test_every_candidate_is_counted_once(rows: list[ImageRow]) -> None:
    counts = Counts.of(rows)
    assert counts.candidates == sum(getattr(counts, verdict) for verdict in VERDICTS) == len(rows)
    assert sum(counts.reasons.values()) == len(rows) - counts.accepted


def test_a_shard_survives_the_store() -> None:
    row = ImageRow(key="cat-00000-00", label="cat", url="http://a.example/1.jpg", engine="urls", query="cat",
                   verdict="rejected", reason="damaged")  # fmt: skip
    shard = ShardDocument(
        id="cat-00000", dataset="d", label="cat", number=0, state="validated", counts=Counts.of([row]), images=(row,)
    )
    item = shard.item()
    assert "page_url" not in item["images"][0]
    read = ShardDocument.model_validate({**item, "_ts": 1, "_etag": "x"})
    assert read.etag == "x"
    assert read.model_copy(update={"etag": None}) == shard


def test_a_shard_of_long_rows_is_far_below_the_item_limit() -> None:
    long = "http://a.example/" + "x" * 500
    rows = tuple(
        ImageRow(key=f"cat-00000-{i:02}", label="cat" * 20, url=long, page_url=long, final_url=long, title="t" * 500,
                 engine="urls", query="cat" * 60, verdict="accepted", sha256="0" * 64, source_sha256="0" * 64)
        for i in range(SHARD_SIZE)
    )  # fmt: skip
    shard = ShardDocument(
        id="cat-00000", dataset="d", label="cat", number=0, state="validated", counts=Counts.of(rows), images=rows
    )
    assert len(str(shard.item())) < 600_000


def test_now_is_in_utc_to_the_millisecond() -> None:
    moment = now()
    assert moment.utcoffset() is not None
    assert moment.microsecond % 1000 == 0
