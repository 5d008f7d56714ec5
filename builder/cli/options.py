"""Options that commands share, and what is made of them. Defaults live in the models; here they are only told."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from builder.cli.exits import InputError

if TYPE_CHECKING:
    from pydantic import ValidationError

    from builder.spec import DedupeSpec, ExportFormat, ImageSpec, SplitSpec

FORMATS = ("original", "jpeg", "png", "webp")
RESIZES = ("fit", "pad", "crop")
TIERS = ("fast", "standard", "strict")
EXPORTS = ("imagefolder", "webdataset", "parquet", "coco", "yolo", "csv", "jsonl", "labels")
"""The same as in `builder.spec`, which would cost more to import than the rest of `--help`; a test compares them."""

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)
NEW_FOLDER = click.Path(path_type=Path, file_okay=False)

type Command = Callable[..., Any]
type Decorator = Callable[[Command], Command]


def check_file(path: Path) -> None:
    """`InputError` for what is no file on a disk: what is read more than once cannot be a pipe, which is empty then."""
    if not path.is_file():
        msg = f"{path} is a pipe or a device, and it is read more than once: write it to a file first"
        raise InputError(msg)


def gathered[T](into: type[T], name: str, *options: Decorator) -> Decorator:
    """A decorator that adds `options` to a command and hands it one `into` as the argument `name`.

    `into` is a dataclass whose fields are called as the options' parameters are.
    """
    taken = [field.name for field in fields(into)]  # type: ignore[arg-type]  # a dataclass, as the docstring asks

    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def wrapper(**given: object) -> object:
            own = {parameter: given.pop(parameter) for parameter in taken}
            return command(**given, **{name: into(**own)})

        added: Command = wrapper
        for option in reversed(options):
            added = option(added)
        return added

    return decorate


def given(choices: object, **renamed: object) -> dict[str, Any]:
    """What was said on the command line: the dataclass's values that are not None, and those of `renamed`."""
    told = asdict(choices) | renamed  # type: ignore[call-overload]  # a dataclass
    return {name: value for name, value in told.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Output:
    """How much is said, and in which form."""

    json: bool
    quiet: bool


output_options = gathered(
    Output,
    "output",
    click.option("--json", is_flag=True, help="Results as JSON on standard output, no progress."),
    click.option(
        "--quiet", "-q", is_flag=True, help="Say nothing but errors, with --json neither; the exit code tells the rest."
    ),
)


@dataclass(frozen=True, slots=True)
class ImageChoices:
    """Which images are let in, and how they are kept; None leaves a model's default."""

    tier: str | None
    min_side: int | None
    min_bytes: int | None
    max_bytes: int | None
    max_pixels: int | None
    max_aspect_ratio: float | None
    thresholds: tuple[str, ...]
    refuse_animation: bool


NO_CHECKS = ImageChoices(None, None, None, None, None, None, (), refuse_animation=False)
"""Nothing was said of them."""


@dataclass(frozen=True, slots=True)
class FormChoices:
    """In which form images are kept."""

    image_format: str | None
    size: int | None
    resize: str | None
    quality: int | None
    upscale: bool


checks_options = gathered(
    ImageChoices,
    "checks",
    click.option(
        "--tier",
        type=click.Choice(TIERS),
        help="How much is checked. fast: type, size, shape. standard: also damage, blur, light, empty pictures. "
        "strict: the same with higher demands.  [default: standard]",
    ),
    click.option("--min-side", type=int, metavar="PX", help="Smaller images are rejected.  [default: 64]"),
    click.option("--min-bytes", type=int, metavar="N", help="Files with fewer are rejected.  [default: 1024]"),
    click.option(
        "--max-bytes", type=int, metavar="N", help="Larger files are not read to their end.  [default: 20000000]"
    ),
    click.option("--max-pixels", type=int, metavar="N", help="Larger images are not decoded.  [default: 100000000]"),
    click.option("--max-aspect-ratio", type=float, metavar="R", help="Long side by short side.  [default: 5.0]"),
    click.option(
        "--threshold",
        "thresholds",
        multiple=True,
        metavar="NAME=NUMBER",
        help="Instead of the tier's own: min_sharpness, min_detail, min_contrast, min_bright_level, max_dark_level, "
        "max_flat_ground; may be repeated.",
    ),
    click.option(
        "--refuse-animation", is_flag=True, help="Reject moving images instead of taking their first picture."
    ),
)

form_options = gathered(
    FormChoices,
    "form",
    click.option(
        "--format",
        "image_format",
        type=click.Choice(FORMATS),
        help="How images are kept; original: the bytes as served.  [default: original; jpeg with --size]",
    ),
    click.option("--size", type=int, metavar="PX", help="Resize to this; without it images keep their size."),
    click.option(
        "--resize",
        type=click.Choice(RESIZES),
        help="fit: the longest side becomes --size. pad: the same, on a square. crop: a square from the middle."
        "  [default: fit]",
    ),
    click.option("--quality", type=int, metavar="1-100", help="Of jpeg and webp.  [default: 92 and 90]"),
    click.option("--upscale", is_flag=True, help="Enlarge images that are smaller than --size."),
)


def image_spec(checks: ImageChoices, form: FormChoices | None = None) -> "ImageSpec":
    """The model of these options; `InputError` in the words of the command line when they make none."""
    from builder.spec import ImageSpec

    animation = "refuse" if checks.refuse_animation else None
    thresholds = _thresholds(checks.thresholds) or None
    told = given(checks, refuse_animation=None, animation=animation, thresholds=None, checks=thresholds)
    return spoken(ImageSpec, told | (_form(form) if form else {}))


def _thresholds(told: tuple[str, ...]) -> dict[str, str]:
    """`NAME=NUMBER` options by name; what is no number is for the model to say."""
    pairs = [one.partition("=") for one in told]
    for name, equals, _ in pairs:
        if not equals:
            msg = f"--threshold {name!r}: write NAME=NUMBER, such as min_sharpness=0.05"
            raise InputError(msg)
    return {name: number for name, _, number in pairs}


def form_spec(form: FormChoices) -> "ImageSpec | None":
    """The form that was asked for, with checks that let in all that decodes; None when nothing was said of it."""
    from builder.copies import ANYTHING
    from builder.spec import ImageSpec

    told = _form(form)
    return spoken(ImageSpec, ANYTHING.model_dump() | told) if told else None


def _form(form: FormChoices) -> dict[str, Any]:
    told = given(form, image_format=None, upscale=None, format=form.image_format)
    if form.upscale:
        told["only_if_bigger"] = False
    if form.size is not None and form.image_format is None:
        told["format"] = "jpeg"
    return told


@dataclass(frozen=True, slots=True)
class DedupeChoices:
    """What counts as the same picture."""

    no_near_duplicates: bool
    radius: int | None
    joint_radius: int | None
    turned: bool


dedupe_options = gathered(
    DedupeChoices,
    "same",
    click.option("--no-near-duplicates", is_flag=True, help="Only files with the same bytes are copies."),
    click.option(
        "--radius", type=int, metavar="BITS", help="Bits of 64 in which one of two hashes may differ.  [default: 8]"
    ),
    click.option(
        "--joint-radius", type=int, metavar="BITS", help="Bits of 128 in which both hashes together may.  [default: 24]"
    ),
    click.option("--turned", is_flag=True, help="Mirrored and rotated copies are copies too."),
)


def dedupe_spec(same: DedupeChoices) -> "DedupeSpec":
    """The model of these options; `InputError` when they make none."""
    from builder.spec import DedupeSpec

    return spoken(DedupeSpec, given(same, no_near_duplicates=None, near=not same.no_near_duplicates))


def split_spec(shares: str | None) -> "SplitSpec":
    """The splits of `0.8,0.1,0.1`; `InputError` for anything else."""
    from builder.spec import SplitSpec

    if shares is None:
        return SplitSpec()
    try:
        train, val, test = (float(share) for share in shares.split(","))
    except ValueError:
        msg = f"--splits {shares!r}: write three shares for train, val and test, such as 0.8,0.1,0.1"
        raise InputError(msg) from None
    return spoken(SplitSpec, {"train": train, "val": val, "test": test})


processes_option = click.option(
    "--processes", type=click.IntRange(1, 256), metavar="N", help="How many at a time.  [default: one per CPU]"
)
out_option = click.option("--out", type=NEW_FOLDER, required=True, metavar="DIR", help="Folder of the dataset.")
name_option = click.option(
    "--name", metavar="TEXT", help="Of the dataset, for its card.  [default: made from the input]"
)
splits_option = click.option("--splits", metavar="T,V,T", help="Shares of train, val and test.  [default: 0.8,0.1,0.1]")
export_option = click.option(
    "--export", "exports", type=click.Choice(EXPORTS), multiple=True, help="Layout to write; may be repeated."
)


def layouts(exports: tuple[str, ...]) -> "tuple[ExportFormat, ...]":
    """The layouts asked for, each once; click has seen to it that they exist."""
    return cast("tuple[ExportFormat, ...]", tuple(dict.fromkeys(exports)))


def spoken[M](model: Callable[..., M], told: Mapping[str, object]) -> M:
    """`model(**told)`; what the model refuses is said as `InputError`, with the names of the options."""
    from pydantic import ValidationError

    try:
        return model(**told)
    except ValidationError as error:
        raise InputError(in_words(error)) from None


_OPTIONS = {"images_per_label": "--images", "labels": "LABEL", "queries": "--query", "sources": "--source"}


def in_words(error: "ValidationError") -> str:
    """Every fault of a model on a line, by the name of its option."""
    lines = []
    for fault in error.errors(include_url=False):
        names = [str(part) for part in fault["loc"] if isinstance(part, str)]
        name = next((_OPTIONS[part] for part in reversed(names) if part in _OPTIONS), None)
        if name is None and names:
            name = f"--threshold {names[-1]}" if names[0] == "checks" else "--" + names[-1].replace("_", "-")
        message = fault["msg"].removeprefix("Value error, ")
        lines.append(f"{name}: {message}" if name else message)
    return "\n".join(lines)
