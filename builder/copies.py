"""Copies among the images of a folder: which of each picture stays, and putting the others away."""

import shutil
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from builder.check_folder import Checked, check_files
from builder.errors import BuilderError
from builder.rows import DuplicateReason, ImageRow
from builder.spec import DedupeSpec, ImageSpec

ANYTHING = ImageSpec(
    tier="fast", min_side=1, min_bytes=1, max_bytes=100_000_000, max_aspect_ratio=100.0, max_pixels=400_000_000
)
"""All that decodes is compared: whether an image is good is not the question here."""

_LABEL = "folder"


class PutAwayError(BuilderError):
    """A copy that could not be put away; those before it have been."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of a group's survivor. `distance`: bits of 64 in which their pHashes differ, None when unknown."""

    path: str
    reason: DuplicateReason
    size_bytes: int
    distance: int | None


@dataclass(frozen=True, slots=True)
class Group:
    """One picture that is there more than once: the file that should stay, and its copies in order of path."""

    kept: str
    copies: tuple[Copy, ...]


@dataclass(frozen=True, slots=True)
class Copies:
    """What there is in a folder: `images` were compared, `unusable` could not be, with reasons."""

    images: int
    groups: tuple[Group, ...]  # in order of `kept`
    unusable: tuple[Checked, ...]


def find_copies(
    root: Path, spec: DedupeSpec, processes: int, *, seen: Callable[[Checked], None] = lambda _: None
) -> Copies:
    """Compare all image files below `root` by the rule of `builder.dedupe`; links are left out, for what they lead to
    may be the very copy that goes.

    About a kilobyte per image is held. `seen` is called for every file as it has been read.
    """
    from builder.dedupe import deduplicate

    images: dict[str, Checked] = {}
    unusable: list[Checked] = []
    for checked in check_files(root, ANYTHING, processes, turned=spec.turned, links=False):
        seen(checked)
        if checked.verdict == "accepted":
            images[checked.path] = checked
        else:
            unusable.append(checked)
    decided = deduplicate(_rows(images.values()), spec, {_LABEL: max(1, len(images))})
    groups: defaultdict[str, list[Copy]] = defaultdict(list)
    for row in map(decided.apply, _rows(images.values())):
        if row.duplicate_of is not None and row.reason in ("exact_duplicate", "near_duplicate"):
            checked, kept = images[row.key], images[row.duplicate_of]
            copy = Copy(row.key, row.reason, checked.size_bytes or 0, _distance(checked.phash, kept.phash))
            groups[row.duplicate_of].append(copy)
    ordered = (Group(kept, tuple(sorted(groups[kept], key=lambda copy: copy.path))) for kept in sorted(groups))
    return Copies(len(images), tuple(ordered), tuple(unusable))


def put_away(root: Path, groups: Iterable[Group], move_to: Path | None = None) -> Iterator[str]:
    """Delete the copies, or move them to the same path below `move_to`; gives each path once it is done.

    Nothing is overwritten, and no copy goes unless its survivor is still there: `PutAwayError` otherwise.
    """
    for group in groups:
        for copy in group.copies:
            if not (root / group.kept).is_file():
                msg = f"{group.kept} is gone, so its copy {copy.path} stays: look at the folder again"
                raise PutAwayError(msg)
            if move_to is None:
                (root / copy.path).unlink()
            else:
                target = move_to / copy.path
                if target.exists():
                    msg = f"{target} is there already: move the copies to an empty folder"
                    raise PutAwayError(msg)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.move(root / copy.path, target)
            yield copy.path


def _rows(images: Iterable[Checked]) -> Iterator[ImageRow]:
    """The files as rows of a dataset with one label: made anew for each pass, for they take ten times the room."""
    for image in images:
        yield ImageRow(
            key=image.path,
            label=_LABEL,
            url="",
            engine="",
            query="",
            verdict="accepted",
            source_sha256=image.sha256,
            sha256=image.sha256,
            phash=image.phash,
            dhash=image.dhash,
            turned=image.turned,
            format=image.format,
            width=image.width,
            height=image.height,
            size_bytes=image.size_bytes,
            source_format=image.format,
            source_bytes=image.size_bytes,
            source_width=image.width,
            source_height=image.height,
        )


def _distance(one: str | None, other: str | None) -> int | None:
    return (int(one, 16) ^ int(other, 16)).bit_count() if one and other else None
