from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from shared.uuid7 import first_of, uuid7, uuid7_of

MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 (bounds)


@given(st.integers(0, 2**40))
def test_ids_are_of_version_7_and_in_order_of_time(later: int) -> None:
    moment = 1_790_000_000_000_000_000
    first, second = uuid7(moment), uuid7(moment + 245 + later)
    assert (UUID(first).version, UUID(first).variant) == (7, UUID(second).variant)
    assert first < second
    assert uuid7() != uuid7()


@given(MOMENTS, st.text(max_size=5), st.text(max_size=5))
def test_what_happened_has_one_id(at: datetime, one: str, other: str) -> None:
    assert (uuid7_of(at, one) == uuid7_of(at, other)) == (one == other)
    assert first_of(at) <= uuid7_of(at, one) < first_of(at + timedelta(milliseconds=1))
    assert int(uuid7_of(at, one)[:12], 16) == (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
