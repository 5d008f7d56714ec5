"""The dataset's README: a card as the Hugging Face Hub expects it, YAML in front, told in plain words."""

import json
from typing import Literal

from builder.exports.base import About
from builder.report import LabelReport, Report
from builder.spec import ExportFormat

LICENCE_NOTE = """\
The images in this dataset were found on the web. Each belongs to whoever made it, and its licence, where its source
told one, is in attribution.csv and manifest.jsonl, together with the page that it was found on. Where no licence is
told, none was found: that is not a permission. Before you publish the dataset, or a model trained on it, check the
sources, or keep only the images whose licence allows what you mean to do.
"""

_SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
)

_HOW_TO_LOAD = {
    "imagefolder": """\
```python
from datasets import load_dataset

# drop_labels: a dataset of one label would lose it otherwise
dataset = load_dataset("imagefolder", data_dir="PATH", drop_labels=False)  # splits, images and labels
```

or `torchvision.datasets.ImageFolder("PATH/train")`, or `keras.utils.image_dataset_from_directory("PATH/train")`.
`manifest.jsonl` has a row for every candidate, the rejected ones too; `attribution.csv` says where each image is from.
""",
    "webdataset": """\
```python
import glob
import io
import webdataset as wds
from PIL import Image

IMAGES = "jpg;png;webp;gif;bmp;tiff;avif"


def picture(key, data):  # webdataset's own decoder knows JPEG and PNG only
    return Image.open(io.BytesIO(data)).convert("RGB") if key.lstrip(".") in IMAGES.split(";") else None


shards = sorted(glob.glob("PATH/train-*.tar"))
dataset = wds.WebDataset(shards, shardshuffle=len(shards)).shuffle(5_000).decode(picture)
dataset = dataset.to_tuple(IMAGES, "cls")  # PIL image, number of the class
```

`classes.txt` has the name of class `n` in line `n + 1`; the `json` of each sample is its row of `manifest.jsonl`,
which also has the rejected candidates.
""",
    "index": """\
```python
import io
import pandas as pd
from PIL import Image

index = pd.read_parquet("PATH/index.parquet")  # a row per image: label, split, size, source, licence


def picture(row):
    with open(f"PATH/{row.shard}", "rb") as shard:
        shard.seek(row.offset)
        return Image.open(io.BytesIO(shard.read(row.size_bytes)))


dataset = [(picture(row), row.label) for row in index[index.split == "train"].itertuples()]
```

The shards also hold duplicates and images above the target: only those in the index belong to the dataset.
`manifest.jsonl` has a row for every candidate, the rejected ones too; `attribution.csv` says where each image is from.
The folders in `exports/`, if there are any, have the same images ready for training.
""",
}


def card(about: About, layout: ExportFormat | Literal["index"]) -> str:
    """The whole README.md for that layout of the files (`index`: shards and `index.parquet`, what exports are made
    from); the same dataset gives the same text."""
    report = about.report
    parts = (
        _front_matter(report),
        f"# {_inline(report.name)}\n",
        _summary(about),
        "## How to load\n",
        _HOW_TO_LOAD[layout],
        _uneven_splits(report) if layout == "imagefolder" else "",
        "## Labels\n",
        _labels(report),
        "## Sources\n",
        _table(("source", "found", "kept"), [(s.source, s.found, s.accepted) for s in report.sources]),
        "## Licences\n",
        LICENCE_NOTE,
        _table(("licence", "images"), [(name or "not told", count) for name, count in report.licences.items()]),
        "## How it was made\n",
        _how(about),
        "## What was left out\n",
        _left_out(report),
    )
    return "\n".join(part for part in parts if part)


def _front_matter(report: Report) -> str:
    """YAML between two lines of dashes. Strings are written as JSON, which YAML 1.2 reads."""
    images = report.totals.accepted
    size = next((name for limit, name in _SIZES if images < limit), "n>10M")
    lines = (
        f"pretty_name: {_quoted(report.name)}",
        "license: other",
        f"license_name: {_quoted('as told per image in attribution.csv')}",
        "task_categories:",
        "- image-classification",
        "size_categories:",
        f"- {size}",
        "tags:",
        "- image",
        "- pixcrawler",
    )
    return "\n".join(("---", *lines, "---", ""))


def _summary(about: About) -> str:
    report = about.report
    splits = ", ".join(f"{count} {name}" for name, count in report.splits.items() if name)
    formats = ", ".join(f"{count} {name}" for name, count in report.formats.items())
    sentences = [
        f"{report.totals.accepted} images of {len(report.labels)} labels ({splits or 'not split'}), "
        f"{report.totals.bytes} bytes; formats: {formats or 'none'}."
    ]
    if about.created:
        sentences.append(f"Made on {about.created.isoformat()}.")
    if report.shortfall:
        sentences.append(f"{report.shortfall} images fewer than the {report.target} that were asked for.")
    return " ".join(sentences) + "\n"


def _uneven_splits(report: Report) -> str:
    """A warning where folders of labels are missing: readers that number classes by the folders they find go wrong."""
    missing = [
        f"{_inline(label.label)} in {split}"
        for label in report.labels
        for split in report.splits
        if label.accepted and split and not label.splits.get(split)
    ]
    if not missing:
        return ""
    return (
        f"Some labels have no image in some splits ({', '.join(missing)}). torchvision and Keras number the classes of "
        "each folder by the subfolders they find there, so they number them differently: take the numbers of `train`.\n"
    )


def _labels(report: Report) -> str:
    rows = [_label_cells(label) for label in report.labels]
    table = _table(
        ("label", "asked", "images", "train", "val", "test", "found", "duplicates", "rejected", "failed"), rows
    )
    missing = [
        f"- {_inline(label.label)}: {' '.join(label.shortfall_reasons)}" for label in report.labels if label.shortfall
    ]
    if missing:
        table += "\nFewer images than asked for:\n\n" + "\n".join(missing) + "\n"
    if report.label_conflicts:
        table += (
            f"\n{len(report.label_conflicts)} pictures were found for more than one label; "
            "each stands once, under the label of its best copy.\n"
        )
    return table


def _label_cells(label: LabelReport) -> tuple[str | int, ...]:
    splits = (label.splits.get(split, 0) for split in ("train", "val", "test"))
    return (
        label.label,
        label.target,
        label.accepted,
        *splits,
        label.found,
        label.duplicates,
        label.rejected,
        label.failed,
    )


def _how(about: About) -> str:
    spec = about.spec
    image = spec.image
    kept = (
        "as served, turned upright where EXIF asks"
        if image.format == "original"
        else f"as {image.format}, metadata stripped, sRGB"
    )
    if image.size:
        kept += f", at most {image.size} pixels a side"
    same = "the same bytes"
    if spec.dedupe.near:
        same += f", or perceptual hashes (64-bit pHash) at most {spec.dedupe.radius} bits apart"
    queries = [
        f"- {_inline(label.name)}: {', '.join(map(_inline, label.queries))}" for label in spec.labels if label.queries
    ]
    lines = [
        f"Candidates came from {', '.join(spec.sources)}. Each was downloaded, told by its content, checked and "
        "decoded to the last pixel.",
        f"Let in: at least {image.min_side} pixels a side, {image.min_bytes} to {image.max_bytes} bytes, at most "
        f"{image.max_pixels} pixels, no longer than {image.max_aspect_ratio:g}:1. Kept {kept}.",
        f"One image per picture: the largest of those with {same}.",
        f"Splits: {spec.splits.train:g} / {spec.splits.val:g} / {spec.splits.test:g} (train / val / test) per label, "
        f"decided by the images' SHA-256; images whose perceptual hashes are at most {spec.splits.radius} bits apart "
        "are in the same split.",
    ]
    if queries:
        lines += ["", "Queries:", "", *queries]
    return "\n".join(lines) + "\n"


def _left_out(report: Report) -> str:
    if not report.totals.reasons:
        return "Nothing.\n"
    return _table(("reason", "candidates"), list(report.totals.reasons.items()))


def _table(head: tuple[str, ...], rows: list[tuple[str | int, ...]]) -> str:
    """A Markdown table; numbers to the right."""
    if not rows:
        return ""
    rules = ["---:" if isinstance(cell, int) else "---" for cell in rows[0]]
    lines = [head, tuple(rules), *rows]
    return "".join("| " + " | ".join(_inline(str(cell)) for cell in line) + " |\n" for line in lines)


def _inline(text: str) -> str:
    """Text that may come from anybody, so that it cannot end a line, a table cell or open markup."""
    flat = " ".join(text.split())
    return "".join("\\" + character if character in "\\`*_[]<>|#" else character for character in flat)


def _quoted(text: str) -> str:
    flat = "".join(character if character.isprintable() else " " for character in text)
    return json.dumps(flat, ensure_ascii=False)
