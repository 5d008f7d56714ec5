"""The YAML in front of the dataset's README, for the Hugging Face Hub: size, licences, which files are which split."""

import json
import re

from builder.loading import Layout
from builder.report import Report
from builder.rows import SPLITS

_SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
)

_HUB_LICENCES = frozenset(
    {
        "cc0-1.0",
        *(f"cc-by-{version}" for version in ("2.0", "2.5", "3.0", "4.0")),
        *(f"cc-by-nc-{version}" for version in ("2.0", "3.0", "4.0")),
        *(f"cc-by-{more}-{version}" for more in ("sa", "nc-nd") for version in ("3.0", "4.0")),
        *(f"cc-by-nc-sa-{version}" for version in ("2.0", "3.0", "4.0")),
        "cc-by-nd-4.0",
        "pddl",
    }
)
"""Identifiers that the Hub knows (huggingface.co/docs/hub/repositories-licenses), of those that pictures have."""

_DEED = re.compile(r"creativecommons\.org/(?:licenses|publicdomain)/([a-z-]+)/([0-9.]+)")

_FILES: dict[Layout, str] = {
    "imagefolder": "{split}/**",
    "yolo": "{split}/**",
    "labels": "{split}/**",
    "csv": "{split}/**",
    "jsonl": "{split}/**",
    "webdataset": "{split}-*.tar",
    "parquet": "data/{hub_split}-*.parquet",
}
"""Patterns by layout; the other layouts are none that the Hub shows."""

_LABELLED_BY_FOLDER = frozenset({"imagefolder", "yolo", "labels"})


def front_matter(report: Report, layout: Layout) -> str:
    """YAML between two lines of dashes. Strings are written as JSON, which YAML 1.2 reads."""
    images = report.totals.accepted
    size = next((name for limit, name in _SIZES if images < limit), "n>10M")
    licences = sorted({hub_licence(name) for name in report.licences}) or ["unknown"]
    lines = [
        f"pretty_name: {_quoted(report.name)}",
        "license:",
        *(f"- {name}" for name in licences),
        *(["license_name: as-told-per-image", "license_link: attribution.csv"] if "other" in licences else []),
        "task_categories:",
        "- image-classification",
        "size_categories:",
        f"- {size}",
        "tags:",
        "- image",
        "- pixcrawler",
        *_configs(report, layout),
    ]
    return "\n".join(("---", *lines, "---", ""))


def hub_licence(told: str) -> str:
    """The Hub's identifier for what a source told; `unknown` for nothing, `other` for what the Hub has no name for."""
    if not told.strip():
        return "unknown"
    deed = _DEED.search(told.lower())
    words = f"cc {deed[1]} {deed[2]}" if deed else told.lower()
    words = re.sub(r"[\s_-]+", "-", words.strip()).replace("cc-zero", "cc0")
    return words if words in _HUB_LICENCES else "other"


def _configs(report: Report, layout: Layout) -> list[str]:
    """Which files are which split, so that `load_dataset` of the folder finds images and labels and nothing else."""
    pattern = _FILES.get(layout)
    present = {split or "train" for split, count in report.splits.items() if count}
    if pattern is None or not present:
        return []
    lines = ["configs:", "- config_name: default"]
    if layout in _LABELLED_BY_FOLDER:
        lines.append("  drop_labels: false")
    lines.append("  data_files:")
    for split in SPLITS:
        if split in present:
            hub_split = "validation" if split == "val" else split
            lines += [
                f"  - split: {hub_split}",
                f"    path: {_quoted(pattern.format(split=split, hub_split=hub_split))}",
            ]
    return lines


def _quoted(text: str) -> str:
    flat = "".join(character if character.isprintable() else " " for character in text)
    return json.dumps(flat, ensure_ascii=False)
