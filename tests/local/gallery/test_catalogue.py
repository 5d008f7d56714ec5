import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.gallery import catalogue as module
from local.gallery.catalogue import PAGE, Catalogue, load
from local.gallery.exhibits import ROBOTS_DISALLOWED, SITES, Exhibit
from local.gallery.hanging import FAULTS
from local.gallery.topics import TOPICS


def test_every_topic_has_the_pictures_that_its_table_says(catalogue: Catalogue) -> None:
    assert {name: catalogue.distinct(name) for name in TOPICS} == {
        name: topic.pictures for name, topic in TOPICS.items()
    }
    assert sum(topic.pictures >= 48 for topic in TOPICS.values()) >= 3


@pytest.mark.parametrize("name", TOPICS)
def test_about_five_of_eight_results_are_good_and_new(catalogue: Catalogue, name: str) -> None:
    share = catalogue.distinct(name) / len(catalogue.listed(name))
    assert 0.6 <= share <= 0.65


def test_a_search_finds_no_address_twice_and_each_picture_once(catalogue: Catalogue) -> None:
    listed = [exhibit for name in TOPICS for exhibit in catalogue.listed(name)]
    addresses = [(exhibit.site, exhibit.target) for exhibit in listed]
    assert len(set(addresses)) == len(addresses)
    pictures = [(one.topic, one.number) for one in listed if one.kind == "picture"]
    assert len(set(pictures)) == len(pictures)
    assert set(pictures) == set(catalogue.pictures)


def test_every_fault_and_every_site_is_there(catalogue: Catalogue) -> None:
    listed = [exhibit for name in TOPICS for exhibit in catalogue.listed(name)]
    faults = {exhibit.target.split("/")[1] for exhibit in listed if exhibit.kind == "fault"}
    assert faults == {name for name, _, _ in FAULTS}
    assert {exhibit.site for exhibit in listed} == set(range(len(SITES)))


def test_a_label_waits_for_one_drip_at_most(catalogue: Catalogue) -> None:
    for name in TOPICS:
        assert sum(exhibit.behaviour == "drip" for exhibit in catalogue.listed(name)) <= 1


def test_obeying_robots_costs_no_picture(catalogue: Catalogue) -> None:
    behind = [exhibit for exhibit in catalogue.exhibits if exhibit.target.startswith(ROBOTS_DISALLOWED)]
    assert behind
    assert {exhibit.kind for exhibit in behind} == {"copy"}


def test_search_pages_through_everything_once(catalogue: Catalogue) -> None:
    found: list[Exhibit] = []
    page: int | None = 1
    while page is not None:
        results = catalogue.search("landscape and plants", page)
        assert len(results.exhibits) <= PAGE
        found += results.exhibits
        page = results.next_page
    assert found == [*catalogue.listed("landscape"), *catalogue.listed("plant")]


@pytest.mark.parametrize(("query", "page"), [("red panda", 1), ("", 1), ("landscape", 3), ("landscape", 10**9)])
def test_search_finds_nothing_beyond_what_there_is(catalogue: Catalogue, query: str, page: int) -> None:
    results = catalogue.search(query, page)
    assert results.exhibits == ()
    assert results.next_page is None


def test_the_same_bytes_come_out_every_time(catalogue: Catalogue, tmp_path: Path) -> None:
    again = load(tmp_path)
    assert again.exhibits == catalogue.exhibits
    assert [path.name for path in tmp_path.iterdir()] == [catalogue.folder.name]
    for path in catalogue.folder.iterdir():
        assert (again.folder / path.name).read_bytes() == path.read_bytes()


def test_another_process_may_make_it_at_the_same_time(
    catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def overtaken(folder: Path) -> Iterator[Exhibit]:
        shutil.copytree(catalogue.folder, folder.parent / catalogue.folder.name)
        yield from ()

    monkeypatch.setattr(module, "_hang_all", overtaken)
    assert load(tmp_path).exhibits == catalogue.exhibits
    assert [path.name for path in tmp_path.iterdir()] == [catalogue.folder.name]


def test_a_making_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Path) -> Iterator[Exhibit]:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "_hang_all", fail)
    with pytest.raises(OSError, match="No space left"):
        load(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_asked_for_only_where_there_is_one(catalogue: Catalogue) -> None:
    dropped = next(exhibit for exhibit in catalogue.exhibits if exhibit.behaviour == "drop")
    with pytest.raises(FileNotFoundError, match="has no file"):
        catalogue.read(dropped)
