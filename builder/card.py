"""The dataset's README: a card as the Hugging Face Hub expects it, YAML in front, told in plain words."""

from builder.exports.base import About, classes
from builder.front_matter import front_matter
from builder.loading import HOW_TO_LOAD, UNREAD_FORMATS, Layout
from builder.report import LabelReport, Report

LICENCE_NOTE = """\
The images in this dataset were found on the web. Each belongs to whoever made it, and its licence, where its source
told one, is in attribution.csv and manifest.jsonl, together with the page that it was found on. Where no licence is
told, none was found: that is not a permission. Before you publish the dataset, or a model trained on it, check the
sources, or keep only the images whose licence allows what you mean to do.
"""

THUMBNAILS = "thumbnails.jpg"
"""The picture that the card shows, beside it in every layout."""


def card(about: About, layout: Layout) -> str:
    """The whole README.md for that layout of the files (`index`: shards and `index.parquet`, what exports are made
    from); the same dataset gives the same text."""
    report = about.report
    parts = (
        front_matter(report, layout),
        f"# {_inline(report.name)}\n",
        _summary(about),
        f"![Some images of each label]({THUMBNAILS})\n" if report.totals.accepted else "",
        "## How to load\n",
        HOW_TO_LOAD[layout],
        _caveats(report, layout),
        "## Labels\n",
        _labels(about),
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


def _summary(about: About) -> str:
    report = about.report
    splits = ", ".join(f"{count} {name}" for name, count in report.splits.items() if name)
    formats = ", ".join(f"{count} {name}" for name, count in report.formats.items())
    sentences = [
        f"{report.totals.accepted} images of {len(report.labels)} labels ({splits or 'not split'}), "
        f"{report.totals.bytes} bytes; formats: {formats or 'none'}."
    ]
    if about.version:
        sentences.append(f"Version {about.version}.")
    if about.created:
        sentences.append(f"Made on {about.created.isoformat()}.")
    if report.shortfall:
        sentences.append(f"{report.shortfall} images fewer than the {report.target} that were asked for.")
    return " ".join(sentences) + "\n"


def _caveats(report: Report, layout: Layout) -> str:
    """What readers of folders get wrong: numbers of classes where folders of labels are missing, formats."""
    if layout not in {"imagefolder", "yolo"}:
        return ""
    sentences = []
    missing = [
        f"{_inline(label.label)} in {split}"
        for label in report.labels
        for split in report.splits
        if label.accepted and split and not label.splits.get(split)
    ]
    if missing:
        sentences.append(
            f"Some labels have no image in some splits ({', '.join(missing)}). torchvision, Ultralytics and Keras "
            "number the classes of each folder by the subfolders they find there, each in its own way: take the "
            "numbers of `train`."
        )
    for readers, formats in UNREAD_FORMATS.items():
        unread = ", ".join(f"{report.formats[name]} {name}" for name in formats if report.formats.get(name))
        if unread:
            sentences.append(f"Readers of {readers} pass over some types of file without a word, here {unread}.")
    return "\n".join(f"{sentence}\n" for sentence in sentences)


def _labels(about: About) -> str:
    report = about.report
    numbers = classes(about.spec)
    folders = [(slug, numbers[slug]) for slug in (label.slug for label in about.spec.labels)]
    rows = [(*_label_cells(label), *folder) for label, folder in zip(report.labels, folders, strict=True)]
    head = ("label", "asked", "images", "train", "val", "test", "found", "duplicates", "rejected", "failed")
    table = _table((*head, "folder", "class"), rows)
    missing = [
        f"- {_inline(label.label)}: {' '.join(label.shortfall_reasons)}" for label in report.labels if label.shortfall
    ]
    if missing:
        table += "\nFewer images than asked for:\n\n" + "\n".join(missing) + "\n"
    if report.label_conflicts:
        table += (
            f"\n{len(report.label_conflicts)} pictures were found for more than one label; "
            "each stands once, under the label that most of its copies were found for.\n"
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
        same += (
            f", or perceptual hashes that are close: 64-bit pHash or dHash at most {spec.dedupe.radius} bits apart, "
            f"and both together at most {spec.dedupe.joint_radius}"
        )
        if spec.dedupe.turned:
            same += "; mirrored and rotated copies are told by pHash"
    queries = [
        f"- {_inline(label.name)}: {', '.join(map(_inline, label.queries))}" for label in spec.labels if label.queries
    ]
    lines = [
        f"Candidates came from {', '.join(spec.sources)}. Each was downloaded, told by its content, checked and "
        "decoded to the last pixel.",
        f"Let in: at least {image.min_side} pixels a side, {image.min_bytes} to {image.max_bytes} bytes, at most "
        f"{image.max_pixels} pixels, no longer than {image.max_aspect_ratio:g}:1. Kept {kept}.",
        f"One image per picture, of those with {same}. A picture found for several labels belongs to the label with "
        "most of its copies; of these the largest stays, unless it was compressed harder or altered.",
        f"Splits: {spec.splits.train:g} / {spec.splits.val:g} / {spec.splits.test:g} (train / val / test) per label, "
        f"decided by the images' SHA-256; images whose pHash or dHash is at most {spec.splits.radius} bits apart, "
        f"and both together at most {spec.splits.joint_radius}, are in the same split.",
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
