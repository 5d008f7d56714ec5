"""`builder.tally`: rows are counted by kind, and kinds add up."""

from hypothesis import given, settings

from builder.rows import ImageRow
from builder.tally import Counts, Tally
from tests.builder.rows_of import datasets, row


@settings(deadline=None, max_examples=20)
@given(rows=datasets())
def test_kinds_add_up_to_the_rows(rows: list[ImageRow]) -> None:
    tally = Tally()
    for counted in Counts.of(rows):
        tally.add(*counted)
    accepted = [one for one in rows if one.verdict == "accepted"]
    assert tally.verdicts.total() == tally.found.total() == len(rows)
    assert tally.reasons.total() == len(rows) - len(accepted)
    assert tally.splits.total() == tally.formats.total() == tally.licences.total() == len(accepted)
    assert tally.bytes == sum(one.size_bytes or 0 for one in accepted)


def test_kinds_come_in_the_order_of_their_first_rows() -> None:
    rows = [row(0, verdict="rejected", reason=reason) for reason in ("blurry", "damaged", "blurry", "animated")]
    assert [(kind[2], count) for kind, count, _ in Counts.of(rows)] == [("blurry", 2), ("damaged", 1), ("animated", 1)]
