import pytest

from functions.datasets import shown
from functions.http import json_response
from functions.preconditions import matching, require_match, tag
from functions.stages.conditional import etag_of
from shared import datasets
from shared.documents import DatasetDocument
from shared.problems import ProblemError
from shared.views import DatasetView
from tests.functions.asking import request
from tests.shared.conftest import store

pytestmark = pytest.mark.usefixtures("stores")


def cancel(document: DatasetDocument) -> DatasetDocument:
    return document.moved("cancelled")


@pytest.fixture
def document(owner: str) -> DatasetDocument:
    return datasets.get(owner, store(owner).dataset)


def change(document: DatasetDocument, condition: str | None) -> DatasetDocument | None:
    asked = request("", {"if-match": condition} if condition is not None else {})
    return datasets.change(document.owner, document.id, matching(asked, shown, cancel))


def test_the_tag_is_the_one_that_a_read_has(document: DatasetDocument) -> None:
    assert tag(shown(document)) == etag_of(bytes(json_response(shown(document)).body))
    assert tag(shown(document)) != tag(shown(document.moved("building")))


@pytest.mark.parametrize("form", [None, "{}", '"other", {}', '"other",{} , "more"', "*"])
def test_a_change_to_what_was_seen_is_made(document: DatasetDocument, form: str | None) -> None:
    changed = change(document, form and form.format(tag(shown(document))))
    assert changed is not None
    assert changed.state == "cancelled"


@pytest.mark.parametrize("form", ['"other"', "W/{}", "", "x{}"])
def test_a_change_to_something_else_is_not(document: DatasetDocument, form: str) -> None:
    with pytest.raises(ProblemError) as caught:
        change(document, form.format(tag(shown(document))))
    assert (caught.value.status, caught.value.kind) == (412, "precondition-failed")
    assert datasets.get(document.owner, document.id).state == "queued"


def test_nobody_comes_between_comparing_and_writing(document: DatasetDocument) -> None:
    seen = tag(shown(document))
    looks: list[str] = []

    def show(current: DatasetDocument) -> DatasetView:
        looks.append(current.state)
        view = shown(current)
        if len(looks) == 1:  # somebody is faster
            datasets.change(document.owner, document.id, lambda one: one.moved("building"))
        return view

    guarded = matching(request("", {"if-match": seen}), show, cancel)
    with pytest.raises(ProblemError, match="changed"):
        datasets.change(document.owner, document.id, guarded)
    assert looks == ["queued", "building"]
    assert datasets.get(document.owner, document.id).state == "building"


def test_without_a_condition_nothing_is_looked_at(document: DatasetDocument) -> None:
    def show() -> DatasetView:
        raise AssertionError

    require_match(request(), show)
