"""`builder.spec`: what may be asked for, and names that stay apart."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from builder.spec import MAX_IMAGES_PER_LABEL, DatasetSpec, ImageSpec, LabelSpec, slugify


def asked(**changes: Any) -> DatasetSpec:
    return DatasetSpec.model_validate_json(json.dumps({"name": "pets", "labels": ["cat"], **changes}))


def test_a_label_may_be_just_its_name() -> None:
    spec = DatasetSpec.model_validate_json('{"name": "pets", "labels": ["cat", {"name": "dog", "images": 3}]}')
    assert spec.labels == (LabelSpec(name="cat"), LabelSpec(name="dog", images=3))
    assert DatasetSpec.model_validate_json(spec.model_dump_json()) == spec


def test_the_schema_tells_of_plain_names() -> None:
    labels = DatasetSpec.model_json_schema()["properties"]["labels"]["items"]["anyOf"]
    assert [one.get("type", one.get("$ref")) for one in labels] == ["string", "#/$defs/LabelSpec"]


@pytest.mark.parametrize(
    ("changes", "where", "what"),
    [
        ({"labels": ["cat", " "]}, ("labels", 1, "name"), "at least 1 character"),
        ({"labels": ["cat\nquery=dog"]}, ("labels", 0, "name"), "one line"),
        ({"labels": [3]}, ("labels", 0), "object"),
        ({"labels": ["cat", {"name": "Cat!"}]}, (), "more than case and punctuation: Cat!, cat"),
        ({"name": "pets\x00"}, ("name",), "control characters"),
        ({"image": {"min_side": 1_000, "max_pixels": 999_999}}, ("image",), "max_pixels is below min_side"),
        ({"labels": [f"l{n}" for n in range(11)], "images_per_label": MAX_IMAGES_PER_LABEL}, (), "1,100,000 images"),
        (
            {"labels": ["cat", {"name": "dog", "urls": ["https://example.org/1.jpg"]}], "sources": ["urls"]},
            (),
            "nothing gives images to cat",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(changes: dict[str, Any], where: tuple[Any, ...], what: str) -> None:
    with pytest.raises(ValidationError) as raised:
        asked(**changes)
    assert any(error["loc"] == where and what in error["msg"] for error in raised.value.errors()), raised.value


def test_as_many_images_as_may_be_asked_for() -> None:
    asked(labels=[f"l{n}" for n in range(10)], images_per_label=MAX_IMAGES_PER_LABEL)
    assert ImageSpec(min_side=1_000, max_pixels=1_000_000).min_side == 1_000


@pytest.mark.parametrize(
    "names",
    [
        ("красная панда", "красная рыба"),  # the same first letters
        ("кот 1", "пёс 1"),  # the same once other scripts are gone
        ("दिल", "दल"),  # a vowel sign apart
        ("小熊猫 a", "小熊猫 b"),
        ("a" * 80, "a" * 79 + "b"),
        ("🐱", "🐶"),
    ],
)
def test_different_names_have_different_slugs(names: tuple[str, str]) -> None:
    assert len({slugify(name) for name in names}) == 2
    assert len(asked(labels=names).labels) == 2


@pytest.mark.parametrize(
    "names",
    [
        ("Red panda", "red-panda", " RED  panda! "),
        ("Ünïcode", "unicode"),
        ("Straße", "strasse"),
        ("Красная панда", "красная  панда!"),
    ],
)
def test_case_spacing_and_punctuation_make_no_difference(names: tuple[str, ...]) -> None:
    assert len({slugify(name) for name in names}) == 1


@given(st.text(min_size=1, max_size=200))
def test_a_slug_is_a_safe_name_and_its_own_slug(text: str) -> None:
    slug = slugify(text)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug)
    assert len(slug) <= 64
    assert slugify(slug) == slug


def test_uploads_and_their_source_go_together() -> None:
    usual = {"name": "x", "labels": ["cat"]}
    found = DatasetSpec.model_validate({**usual, "sources": ["uploads"], "uploads": ["0" * 32]})
    assert found.uploads == ("0" * 32,)
    for wrong in (
        {"sources": ["uploads"]},
        {"uploads": ["0" * 32]},
        {"sources": ["uploads"], "uploads": ["0" * 32] * 2},
        {"sources": ["uploads"], "uploads": ["../x"]},
    ):
        with pytest.raises(ValidationError):
            DatasetSpec.model_validate({**usual, **wrong})


def test_length_is_that_of_what_was_sent() -> None:
    """As the description of the API says: white space around a text is taken away after it was counted."""
    assert LabelSpec(name=" " * 20 + "x" * 180).name == "x" * 180
    with pytest.raises(ValidationError, match="at most 200"):
        LabelSpec(name="\n" + "x" * 200)
    with pytest.raises(ValidationError, match="at least 1 character"):
        LabelSpec(name=" ")
