"""`builder.card`: the Hub's library reads its front matter, and the code that it shows runs."""

import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import DatasetCard

from builder.card import card
from builder.exports.write import write_export
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
