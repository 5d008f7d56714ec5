"""`builder.card`: the Hub's library reads its front matter, and the code that it shows runs."""

import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import DatasetCard

from builder.card import card
from builder.exports.base import image_path
from builder.exports.write import write_export
from builder.index import write_index
from builder.report import make_report
from builder.rows import LabelConflict
from builder.spec import DatasetSpec, LabelSpec
from tests.builder.dataset_of import Dataset
from tests.builder.rows_of import row


def test_front_matter(dataset: Dataset) -> None:
    _, _, about = dataset
    read = DatasetCard(card(about, "imagefolder")).data
    assert read.get("pretty_name") == "Cats & Dögs | 2"
    assert read.get("license") == "other"
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


@pytest.mark.parametrize("layout", ["imagefolder", "webdataset"])
def test_the_code_shown_runs(layout: Any, dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, rows, about = dataset
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path))
    files = write_export(folder, layout, lambda: iter(rows), about)
    root = folder.root / "exports" / layout
    if layout == "imagefolder":
        with zipfile.ZipFile(root / files[0].name) as archive:
            archive.extractall(tmp_path / "unpacked")
        root = tmp_path / "unpacked"
    (code,) = re.findall(r"```python\n(.*?)```", card(about, layout), re.DOTALL)
    names: dict[str, Any] = {}
    exec(code.replace("PATH", str(root)), names)  # noqa: S102 - our own text, which is what is tested
    loaded = names["dataset"]
    train = [(r["image"], r["label"]) for r in loaded["train"]] if layout == "imagefolder" else list(loaded)
    assert len(train) == 20
    assert sorted(label for _, label in train) == [0] * 10 + [1] * 10
    assert {image.size for image, _ in train} == {(160, 120)}


def test_the_code_shown_for_the_index_runs(dataset: Dataset) -> None:
    folder, rows, about = dataset
    folder.write("index.parquet", write_index(rows))
    (code,) = re.findall(r"```python\n(.*?)```", card(about, "index"), re.DOTALL)
    names: dict[str, Any] = {}
    exec(code.replace("PATH", str(folder.root)), names)  # noqa: S102 - our own text, which is what is tested
    assert sorted(label for _, label in names["dataset"]) == ["dog"] * 10 + ["red-cat"] * 10
    assert {image.size for image, _ in names["dataset"]} == {(160, 120)}


def test_a_single_label_is_loaded_with_its_label(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, rows, about = dataset
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path))
    for row_ in (one for one in rows if one.verdict == "accepted" and one.label == "dog"):
        path = tmp_path / "unpacked" / image_path(row_)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(folder.read_range(row_.shard or "", row_.offset or 0, row_.size_bytes or 0))
    (code,) = re.findall(r"```python\n(.*?)```", card(about, "imagefolder"), re.DOTALL)
    names: dict[str, Any] = {}
    exec(code.replace("PATH", str(tmp_path / "unpacked")), names)  # noqa: S102 - our own text
    assert names["dataset"]["train"].features["label"].names == ["dog"]


def test_splits_that_lack_a_label_are_told(dataset: Dataset) -> None:
    _, _, about = dataset
    assert "no image in some splits" not in card(about, "imagefolder")
    spec = DatasetSpec(name="n", labels=(LabelSpec(name="Cat"), LabelSpec(name="Dog"), LabelSpec(name="Owl")))
    rows = [row(0, "cat", split="train"), row(0, "dog", split="train"), row(1, "dog", split="val")]
    uneven = type(about)(spec=spec, report=make_report(spec, rows))
    assert "no image in some splits (Cat in val)" in card(uneven, "imagefolder")
    assert "no image in some splits" not in card(uneven, "webdataset")
