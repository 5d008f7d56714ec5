import pytest

from builder.remote.models import Dataset
from local.outcome import judge, top
from tests.local.fake_api import Json, dataset, label, source


def of(state: str, *labels: Json, sources: tuple[Json, ...] = (), error: str | None = None) -> Dataset:
    return Dataset.model_validate(dataset(state, *labels, sources=sources, error=error))


@pytest.mark.parametrize(
    ("state", "accepted", "code"),
    [
        ("ready", 10, 0),
        ("ready", 0, 1),
        ("incomplete", 1, 0),
        ("incomplete", 0, 1),
        ("failed", 0, 1),
        ("failed", 5, 1),
        ("cancelled", 5, 1),
    ],
)
def test_success_is_a_dataset_that_came_to_its_end_with_images(state: str, accepted: int, code: int) -> None:
    outcome = judge(of(state, label("cat", accepted)))
    assert outcome.exit_code == code
    assert bool(outcome.sentences) == (code == 1 or state == "incomplete")


def test_a_failure_says_why() -> None:
    assert judge(of("failed", error="the disk is full")).sentences == ("The build failed: the disk is full",)


def test_a_source_that_failed_is_told_even_when_others_sufficed() -> None:
    outcome = judge(of("ready", label("cat", 10), sources=(source("bing", "cat", "changed", "no results found"),)))
    assert outcome.exit_code == 0
    told = "bing answered in a form that this version does not understand for cat: no results found"
    assert outcome.sentences == (told,)


def test_an_unknown_kind_of_failure_is_told_by_its_name() -> None:
    outcome = judge(of("ready", label("cat", 10), sources=(source("bing", "cat", "melted", "hot"),)))
    assert outcome.sentences == ("bing failed (melted) for cat: hot",)


def test_a_short_label_is_told_and_a_full_one_is_not() -> None:
    outcome = judge(of("incomplete", label("cat", 10), label("dog", 9)))
    assert outcome.sentences == ("dog: 9 of 10 images; its sources gave no more.",)


def test_reasons_come_by_frequency_then_name() -> None:
    assert top({"b": 1, "a": 1, "c": 3, "d": 1}, 3) == "c 3, a 1, b 1"
