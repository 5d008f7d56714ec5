import json

import pytest
from pydantic import ValidationError

from shared.dataset_request import DatasetRequest


def read(**members: object) -> DatasetRequest:
    """A request as `json_body` reads it."""
    told = {"name": "pets", "labels": ["cat"], **members}
    return DatasetRequest.model_validate_json(json.dumps(told), strict=True)


def test_labels_may_be_names_or_objects_with_lists() -> None:
    told = ["cat", {"name": "dog", "queries": ["a dog"], "urls": ["http://a.example/1.jpg"]}]
    labels = read(labels=told, sources=["urls", "bing"]).labels
    assert [(one.name, one.queries) for one in labels] == [("cat", ()), ("dog", ("a dog",))]


@pytest.mark.parametrize(
    "members",
    [{"images_per_label": "5"}, {"dedupe": {"near": "yes"}}, {"labels": [{"name": 5}]}, {"max_cost": "1"}],
)
def test_types_are_those_of_json_schema(members: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="valid"):
        read(**members)


def test_a_whole_number_does_for_a_number() -> None:
    assert read(max_cost=2).max_cost == 2.0
