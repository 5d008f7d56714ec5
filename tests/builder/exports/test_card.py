"""`builder.card`: the Hub's library reads its front matter, and the code that it shows runs."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import DatasetCard

from builder.card import card
from builder.exports.base import image_path
from builder.exports.write import FORMATS
from builder.index import write_index
from builder.report import make_report
from builder.rows import LabelConflict
from builder.spec import DatasetSpec, ExportFormat, LabelSpec
from tests.builder.dataset_of import Dataset
from tests.builder.exports.conftest import Unpacked
from tests.builder.rows_of import lines_of, row


def test_front_matter(dataset: Dataset) -> None:
    _, _, about = dataset
    read = DatasetCard(card(about, "imagefolder")).data
    assert read.get("pretty_name") == "Cats & Dögs | 2"
    assert read.get("license") == ["unknown"]
    assert read.get("task_categories") == ["image-classification"]
    assert read.get("size_categories") == ["n<1K"]


def test_figures_are_those_of_the_report(dataset: Dataset) -> None:
    _, _, about = dataset
    text = card(about, "imagefolder")
    assert "24 images of 2 labels (2 test, 20 train, 2 val)" in text
    assert "| Red cat | 12 | 12 | 10 | 1 | 1 | 18 | 2 | 2 | 2 |" in text
    assert "| timeout | 4 |" in text
    assert "red cat photo" in text
    assert "Made on 2026-11-22." in text


def test_names_from_outside_do_not_break_out(dataset: Dataset) -> None:
    _, _, about = dataset
    name = 'a"b: |\n---\n# <script> \x00'
    spec = DatasetSpec(name="n", labels=(LabelSpec(name="<img src=x> | y"),), images_per_label=3)
    spec = spec.model_copy(update={"name": name})  # the card does not lean on the spec's refusal of control characters
    report = make_report(
        spec, [row(0, spec.labels[0].slug)], conflicts=[LabelConflict(kept="k", label="l", others={"m": 1})]
    )
    text = card(type(about)(spec=spec, report=report), "webdataset")
    assert DatasetCard(text).data.get("pretty_name") == name.replace("\n", " ").replace("\x00", " ")
    assert "<img" not in text.replace("\\<", "")
    assert "2 images fewer than the 3 that were asked for." in text
    assert "1 pictures were found for more than one label" in text


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("layout", [layout for layout in FORMATS if layout != "yolo"])  # that shows a command
def test_the_code_shown_runs(layout: ExportFormat, dataset: Dataset, unpacked: Unpacked) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", card(dataset[2], layout), re.DOTALL)
    names: dict[str, Any] = {}
    exec(code.replace("PATH", str(unpacked(layout))), names)  # noqa: S102 - our own text, which is what is tested
    loaded = names["dataset"]
    number = "class" if layout in {"csv", "jsonl"} else "label"
    train = [(r["image"], r[number]) for r in loaded["train"]] if hasattr(loaded, "keys") else list(loaded)
    assert len(train) == 20
    assert sorted(label for _, label in train) == [0] * 10 + [1] * 10
    assert {image.size for image, _ in train} == {(160, 120)}


def test_the_code_shown_for_the_index_runs(dataset: Dataset) -> None:
    folder, rows, about = dataset
    folder.write("index.parquet", write_index(lines_of(rows)))
    (code,) = re.findall(r"```python\n(.*?)```", card(about, "index"), re.DOTALL)
    names: dict[str, Any] = {}
    exec(code.replace("PATH", str(folder.root)), names)  # noqa: S102 - our own text, which is what is tested
    assert sorted(label for _, label in names["dataset"]) == ["dog"] * 10 + ["red-cat"] * 10
    assert {image.size for image, _ in names["dataset"]} == {(160, 120)}


@pytest.mark.usefixtures("offline")
def test_a_single_label_is_loaded_with_its_label(dataset: Dataset, tmp_path: Path) -> None:
    folder, rows, about = dataset
    for row_ in (one for one in rows if one.verdict == "accepted" and one.label == "dog"):
        path = tmp_path / "unpacked" / image_path(row_)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(folder.read_range(row_.shard or "", row_.offset or 0, row_.size_bytes or 0))
    (code,) = re.findall(r"```python\n(.*?)```", card(about, "imagefolder"), re.DOTALL)
    names: dict[str, Any] = {}
    exec(code.replace("PATH", str(tmp_path / "unpacked")), names)  # noqa: S102 - our own text
    assert names["dataset"]["train"].features["label"].names == ["dog"]
    # the same as the Hub does it, by what is in front of the card
    (tmp_path / "unpacked" / "README.md").write_text(card(about, "imagefolder"))
    loaded = names["load_dataset"](str(tmp_path / "unpacked"))
    assert loaded["train"].features["label"].names == ["dog"]
    assert {split: len(part) for split, part in loaded.items()} == {"train": 10, "validation": 1, "test": 1}


def test_labels_have_their_folders_and_numbers(dataset: Dataset) -> None:
    text = card(dataset[2], "imagefolder")
    assert "| 2 | red-cat | 1 |" in text
    assert "| 2 | dog | 0 |" in text


def test_formats_that_readers_pass_over_are_told(dataset: Dataset) -> None:
    _, _, about = dataset
    formats = {"gif": 3, "webp": 8}
    told = replace(about, report=about.report.model_copy(update={"formats": formats}))
    assert "torchvision and Ultralytics pass over some types of file without a word, here 3 gif." in card(told, "yolo")
    assert "Keras pass over some types of file without a word, here 8 webp." in card(told, "imagefolder")
    assert "pass over" not in card(told, "parquet")
    assert "pass over" not in card(
        replace(about, report=told.report.model_copy(update={"formats": {"jpeg": 1}})), "yolo"
    )


def test_splits_that_lack_a_label_are_told(dataset: Dataset) -> None:
    _, _, about = dataset
    assert "no image in some splits" not in card(about, "imagefolder")
    spec = DatasetSpec(name="n", labels=(LabelSpec(name="Cat"), LabelSpec(name="Dog"), LabelSpec(name="Owl")))
    rows = [row(0, "cat", split="train"), row(0, "dog", split="train"), row(1, "dog", split="val")]
    uneven = type(about)(spec=spec, report=make_report(spec, rows))
    assert "no image in some splits (Cat in val)" in card(uneven, "imagefolder")
    assert "no image in some splits" not in card(uneven, "webdataset")
