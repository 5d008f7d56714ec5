"""`builder.front_matter`: what the Hub's library and YAML read from it."""

from typing import Any

import pytest
import yaml

from builder.front_matter import front_matter, hub_licence
from builder.loading import HOW_TO_LOAD
from builder.report import make_report
from builder.spec import DatasetSpec, LabelSpec
from tests.builder.rows_of import row

SPEC = DatasetSpec(name="n", labels=(LabelSpec(name="cat"),))


def test_licences_are_those_that_the_hub_knows() -> None:
    told = ["CC BY-SA 4.0", "cc by 2.0", "CC0 1.0", None, "https://creativecommons.org/licenses/by-nc/4.0/", "© me"]
    rows = [row(number, licence=licence) for number, licence in enumerate(told)]
    data = _read(front_matter(make_report(SPEC, rows), "imagefolder"))
    assert data["license"] == ["cc-by-2.0", "cc-by-nc-4.0", "cc-by-sa-4.0", "cc0-1.0", "other", "unknown"]
    assert data["license_link"] == "attribution.csv"
    assert "license_name" not in _read(front_matter(make_report(SPEC, rows[:3]), "imagefolder"))


@pytest.mark.parametrize(
    ("told", "name"),
    [
        ("CC_BY-NC-SA 3.0", "cc-by-nc-sa-3.0"),
        ("https://creativecommons.org/publicdomain/zero/1.0/deed.en", "cc0-1.0"),
        ("CC BY 9.0", "other"),
        ("  ", "unknown"),
    ],
)
def test_one_licence(told: str, name: str) -> None:
    assert hub_licence(told) == name


@pytest.mark.parametrize("layout", HOW_TO_LOAD)
def test_only_splits_with_images_are_configured(layout: str) -> None:
    rows = [row(0, split="train"), row(1, split="val")]
    data = _read(front_matter(make_report(SPEC, rows), layout))  # type: ignore[arg-type]  # one of its literals
    if layout in {"coco", "index"}:
        assert "configs" not in data
        return
    (config,) = data["configs"]
    assert [one["split"] for one in config["data_files"]] == ["train", "validation"]
    assert config.get("drop_labels") is (False if layout in {"imagefolder", "yolo", "labels"} else None)


def test_nothing_at_all_is_valid_too() -> None:
    assert _read(front_matter(make_report(SPEC, []), "imagefolder"))["license"] == ["unknown"]


def _read(text: str) -> dict[str, Any]:
    data = yaml.safe_load(text.strip("-\n"))
    assert isinstance(data, dict)
    return data
