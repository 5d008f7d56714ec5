"""`builder.exports.coco`: read again by `pycocotools`."""

import json
from collections.abc import Iterator

import pytest
from pycocotools.coco import COCO

from builder.exports import coco
from builder.exports.base import About, encoded
from builder.report import make_report
from builder.rows import ImageRow
from tests.builder.dataset_of import SPEC, Dataset, accepted
from tests.builder.exports.conftest import Unpacked
from tests.builder.rows_of import row


def test_pycocotools_reads_images_labels_and_borders(dataset: Dataset, unpacked: Unpacked) -> None:
    root = unpacked("coco")
    expected = accepted(dataset)
    found: set[str] = set()
    ids: list[int] = []
    for split in ("train", "val", "test"):
        read = COCO(root / "annotations" / f"instances_{split}.json")
        assert [one["name"] for one in read.loadCats(read.getCatIds())] == ["dog", "red-cat"]
        for image_id in read.getImgIds():
            (image,) = read.loadImgs(image_id)
            (annotation,) = read.loadAnns(read.getAnnIds(image_id))
            key = image["file_name"].partition(".")[0]
            row_, data = expected[key]
            assert (root / split / image["file_name"]).read_bytes() == data
            assert row_.split == split
            assert read.loadCats(annotation["category_id"])[0]["name"] == row_.label
            assert (image["width"], image["height"]) == (row_.width, row_.height)
            assert read.annToMask(annotation).all()
            assert annotation["bbox"] == [0, 0, row_.width, row_.height]
            found.add(key)
            ids.append(image_id)
        assert len(read.getImgIds(catIds=read.getCatIds(catNms=["dog"]))) == {"train": 10}.get(split, 1)
    assert found == expected.keys()
    assert sorted(ids) == list(range(1, 25))


@pytest.mark.parametrize("numbers", [range(0), range(1), range(3)])
def test_any_number_of_images_is_json(numbers: range) -> None:
    rows = [row(number, "dog", split="train") for number in numbers]
    document = b"".join(encoded(coco._document(lambda: iter(rows), _about(rows), "train")))
    assert [image["id"] for image in json.loads(document)["images"]] == [number + 1 for number in numbers]


def test_licences_are_numbered_and_none_is_zero() -> None:
    told = ("CC BY 4.0", None, "CC0 1.0", "CC BY 4.0")
    rows = [row(number, "dog", licence=licence, split="train") for number, licence in enumerate(told)]

    def again() -> Iterator[ImageRow]:
        return iter(rows)

    read = json.loads(b"".join(encoded(coco._document(again, _about(rows), "train"))))
    names = {one["id"]: one["name"] for one in read["licenses"]}
    assert [names[image["license"]] for image in read["images"]] == ["CC BY 4.0", "not told", "CC0 1.0", "CC BY 4.0"]
    assert min(names) == 0


def _about(rows: list[ImageRow]) -> About:
    return About(spec=SPEC, report=make_report(SPEC, rows))
