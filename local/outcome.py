"""What came of a build, in plain sentences and an exit code."""

from collections import defaultdict
from dataclasses import dataclass

from builder.remote.models import Dataset

FAILURES = {
    "unreachable": "could not be reached",
    "rate_limited": "asked to slow down",
    "refused": "refused to answer",
    "changed": "answered in a form that this version does not understand",
    "not_configured": "is not configured",
}
TOP_REASONS = 3


@dataclass(frozen=True)
class Outcome:
    """`exit_code` is 0 when there are images to look at, 1 when not; `sentences` say why there are not more."""

    exit_code: int
    sentences: tuple[str, ...]


def judge(dataset: Dataset) -> Outcome:
    """The outcome of a dataset in a final state."""
    accepted = sum(label.accepted for label in dataset.progress.labels)
    if dataset.state == "ready" and accepted:
        return Outcome(0, source_failures(dataset))
    sentences = list(source_failures(dataset))
    if dataset.state == "failed":
        sentences.insert(0, f"The build failed: {dataset.error or 'the host log says why'}")
        return Outcome(1, tuple(sentences))
    if dataset.state == "cancelled":
        return Outcome(1, ("The build was cancelled.", *sentences))
    if accepted == 0:
        told = "No source gave an image that could be used."
        return Outcome(1, (told, *shortfalls(dataset), *sentences))
    return Outcome(0, (*shortfalls(dataset), *sentences))


def shortfalls(dataset: Dataset) -> tuple[str, ...]:
    """A sentence for each label that has fewer images than it should."""
    return tuple(
        f"{label.label}: {label.accepted} of {label.target} images; its sources gave no more"
        + (f" (most were lost to {top(label.reasons)})." if label.reasons else ".")
        for label in dataset.progress.labels
        if label.accepted < label.target
    )


def top(reasons: dict[str, int], number: int = TOP_REASONS) -> str:
    """The most frequent reasons with their counts: "too_small 4, http_4xx 2"."""
    ordered = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{reason} {count}" for reason, count in ordered[:number])


def source_failures(dataset: Dataset) -> tuple[str, ...]:
    """A sentence for each source that failed, and how; labels with the same failure share one."""
    labels: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for source in dataset.progress.sources:
        if source.error is not None:
            labels[source.source, source.error.kind, source.error.message].append(source.label)
    return tuple(
        f"{name} {FAILURES.get(kind, f'failed ({kind})')} for {', '.join(named)}: {message}"
        for (name, kind, message), named in labels.items()
    )
