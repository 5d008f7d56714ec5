"""How a list is cut into slices. Searching is tested with whole builds, in test_run."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.engines import EngineSettings
from builder.errors import UrlListError
from builder.rounds import SHARD_SIZE
from builder.sources import ListSource, SearchSource, checked_list
from builder.spec import MAX_LABELS, DatasetSpec, LabelSpec, slugify
from builder.urls import UrlRow
from builder.work import Slice
from builder.workspace import Workspace
from tests.builder.counting import counting_site, wait_until

LABELS = st.sampled_from([None, "Cat", "cat", "Dog", "red panda"])


def slices(rows: list[UrlRow]) -> list[Slice]:
    source = ListSource(rows, "images")
    found = []
    while (one := source.next()) is not None:
        found.append(one)
    assert source.ended
    return found


@given(st.lists(st.tuples(st.integers(0, 300), LABELS), max_size=400))
def test_each_url_is_in_one_slice_of_its_label_in_the_order_of_the_list(lines: list[tuple[int, str | None]]) -> None:
    rows = [
        UrlRow(url=f"http://a.example/{number}.jpg", label=label, line=line)
        for line, (number, label) in enumerate(lines, start=1)
    ]
    found = slices(rows)
    first = {row.url: row for row in reversed(rows)}
    wanted: dict[str, list[str]] = {}
    for url in dict.fromkeys(row.url for row in rows):
        wanted.setdefault(slugify(first[url].label or "images"), []).append(url)
    got: dict[str, list[str]] = {}
    for one in found:
        assert one.number == len(got.get(one.slug, [])) / SHARD_SIZE, "numbered from 0, each full but the last"
        assert 0 < len(one.candidates) <= SHARD_SIZE
        assert {slugify(candidate.label) for candidate in one.candidates} == {one.slug}
        got.setdefault(one.slug, []).extend(candidate.url for candidate in one.candidates)
    assert got == wanted


def test_spellings_of_a_label_are_one_label() -> None:
    rows = [
        UrlRow(url=f"http://a.example/{n}", label=label, line=n) for n, label in enumerate(["Red Panda", "red panda"])
    ]
    assert [candidate.label for one in slices(rows) for candidate in one.candidates] == ["Red Panda", "Red Panda"]


@pytest.mark.parametrize("label", ["x" * 201, "red\x1bpanda", "red\tpanda"])
def test_what_can_be_no_label_is_told_with_its_line(label: str) -> None:
    rows = [UrlRow(url="http://a.example/1", line=1), UrlRow(url="http://a.example/2", label=label, line=2)]
    for read in (slices, lambda rows: checked_list(rows, "images")):
        with pytest.raises(UrlListError, match=r"line 2: .* is no label"):
            read(rows)


def test_a_list_is_checked_as_a_build_reads_it() -> None:
    def rows(labels: int) -> list[UrlRow]:
        names = [None, *(f"no {number}" for number in range(labels))]
        return [UrlRow(url=f"http://a.example/{n}", label=name, line=n) for n, name in enumerate(names)]

    assert checked_list(rows(MAX_LABELS - 1), "images") == MAX_LABELS
    with pytest.raises(UrlListError, match="more than 1,000 different labels"):
        checked_list(rows(MAX_LABELS), "images")


def test_what_the_list_tells_goes_along() -> None:
    row = UrlRow(
        url="http://a.example/1", title="A\ncat", licence="CC0", page_url="http://a.example/page", label="cat", line=1
    )
    (one,) = slices([row])
    (candidate,) = one.candidates
    assert (candidate.title, candidate.licence, candidate.page_url) == ("A cat", "CC0", "http://a.example/page")
    assert (candidate.engine, candidate.query) == ("urls", "cat")


def test_a_search_ends_with_the_build(tmp_path: Path) -> None:
    pages = {
        f"/search?q=cat&page={number}": json.dumps(
            {"results": [{"url": f"http://a.example/{number}.jpg"}], "next": number + 1}
        ).encode()
        for number in range(1, 400)
    }
    spec = DatasetSpec(name="x", labels=(LabelSpec(name="cat", queries=("cat",)),), sources=("sample",))
    with counting_site(pages) as site:
        site.free = 2
        site.gate.clear()
        source = SearchSource(Workspace(tmp_path), spec, EngineSettings(sample_url=site.url("")))
        wait_until(lambda: site.served == 3)
        source.close()
        site.gate.set()
        source._threads.shutdown(wait=True)
        assert site.served == 3
