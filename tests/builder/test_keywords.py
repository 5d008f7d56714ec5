"""Queries of a label."""

from hypothesis import given
from hypothesis import strategies as st

from builder.keywords import TEMPLATES, expand
from builder.spec import LabelSpec


def test_own_queries_are_kept_in_order_without_repeats() -> None:
    label = LabelSpec(name="red panda", queries=("lesser  panda", "Ailurus fulgens", "Lesser Panda", "firefox animal"))
    assert expand(label) == ("lesser panda", "Ailurus fulgens", "firefox animal")


def test_without_queries_the_name_comes_first_and_is_in_all() -> None:
    queries = expand(LabelSpec(name="red {panda}"))
    assert queries[0] == "red {panda}"
    assert len(queries) == len(TEMPLATES)
    assert all("red {panda}" in query for query in queries)


PRINTABLE = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=50).filter(str.strip)


@given(PRINTABLE, st.lists(PRINTABLE, max_size=9))
def test_queries_are_unique_whatever_the_label(name: str, queries: list[str]) -> None:
    made = expand(LabelSpec(name=name, queries=tuple(queries)))
    assert made
    assert len({query.casefold() for query in made}) == len(made)
    assert all(query == " ".join(query.split()) for query in made)
