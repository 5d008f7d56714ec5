"""`builder.exports.labels` and `yolo`: every form of label file says the same, whatever labels are called."""

import csv
import json
from pathlib import Path

import pytest
import yaml

from builder.exports import labels
from builder.exports.base import About
from builder.exports.yolo import export as export_yolo
from builder.report import make_report
from builder.spec import DatasetSpec, LabelSpec
from builder.store import LocalFolder
from tests.builder.dataset_of import Dataset, accepted
from tests.builder.exports.conftest import Unpacked
from tests.builder.rows_of import row


def test_all_label_files_say_the_same(dataset: Dataset, unpacked: Unpacked) -> None:
    root = unpacked("labels")
    expected = accepted(dataset)
    classes = (root / "classes.txt").read_text().splitlines()
    assert classes == ["dog", "red-cat"]
    lists = {
        split: [line.split(" ") for line in (root / f"{split}.txt").read_text().splitlines()]
        for split in ("train", "val", "test")
    }
    for split, lines in lists.items():
        for path, number in lines:
            row_, data = expected[Path(path).stem]
            assert (root / path).read_bytes() == data
            assert (row_.split, row_.label) == (split, classes[int(number)])
    assert sum(map(len, lists.values())) == len(expected)
    with (root / "labels.csv").open(newline="") as file:
        table = [line | {"class": int(line["class"])} for line in csv.DictReader(file)]
    told = sorted([line["file_name"], str(line["class"])] for line in table)
    assert told == sorted(pair for lines in lists.values() for pair in lines)
    assert json.loads((root / "labels.json").read_text()) == {"classes": classes, "images": table}
    assert yaml.safe_load((root / "labels.yaml").read_text()) == {"classes": classes, "images": table}


def test_names_that_yaml_would_read_otherwise() -> None:
    spec = DatasetSpec(name="n", labels=tuple(LabelSpec(name=name) for name in ("No", "12", "null", "1e3", "a b")))
    rows = [row(0, label.slug, split="train") for label in spec.labels]
    about = About(spec=spec, report=make_report(spec, rows))
    names = ["12", "1e3", "a-b", "no", "null"]
    files = dict(labels._tables(lambda: iter(rows), {name: number for number, name in enumerate(names)}))
    read = yaml.safe_load(b"".join(files["labels.yaml"]))  # type: ignore[arg-type]  # pieces, not bytes
    assert read["classes"] == names
    assert [image["label"] for image in read["images"]] == ["no", "12", "null", "1e3", "a-b"]
    from builder.exports.yolo import _data_yaml

    assert yaml.safe_load(_data_yaml(about.spec))["names"] == dict(enumerate(names))


def test_yolo_has_folders_and_data_yaml(dataset: Dataset, unpacked: Unpacked) -> None:
    root = unpacked("yolo")
    data = yaml.safe_load((root / "data.yaml").read_text())
    assert data["nc"] == len(data["names"]) == 2
    expected = accepted(dataset)
    found = []
    for split in ("train", "val", "test"):
        folders = sorted(path.name for path in (root / data[split]).iterdir())
        assert folders == list(data["names"].values())
        for path in (root / data[split]).glob("*/*"):
            row_, content = expected[path.stem]
            assert path.read_bytes() == content
            assert (row_.split, row_.label) == (split, path.parent.name)
            found.append(row_.key)
    assert sorted(found) == sorted(expected)


@pytest.mark.parametrize("export", [export_yolo, labels.export])
def test_nothing_is_read_before_it_is_asked_for(export: object, dataset: Dataset, tmp_path: Path) -> None:
    _, rows, about = dataset
    (file,) = export(LocalFolder(tmp_path), lambda: iter(rows), about)  # type: ignore[operator]  # either of the two
    with pytest.raises(FileNotFoundError):
        list(file.chunks)
