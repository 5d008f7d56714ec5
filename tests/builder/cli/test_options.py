"""Options: what the help tells of choices and defaults is what the models have; what cannot be is said in words."""

import re
from typing import get_args

import click
import pytest
from pydantic import BaseModel

from builder.cli import options
from builder.cli.asked import SOURCES, queries_by_label
from builder.cli.build import build
from builder.cli.exits import InputError
from builder.cli.from_urls import fields_named
from builder.cli.main import cli
from builder.cli.options import DedupeChoices, FormChoices, ImageChoices
from builder.limits import FetchLimits
from builder.spec import (
    DatasetSpec,
    DedupeSpec,
    ExportFormat,
    ImageFormat,
    ImageSpec,
    Resize,
    SourceName,
    SplitSpec,
    Thresholds,
    Tier,
)
from builder.urls import UrlRow

NOTHING_SAID = options.NO_CHECKS
NO_FORM = FormChoices(None, None, None, None, upscale=False)


def test_choices_are_those_of_the_models() -> None:
    assert get_args(ImageFormat) == options.FORMATS
    assert get_args(Resize) == options.RESIZES
    assert get_args(Tier) == options.TIERS
    assert set(get_args(ExportFormat)) == set(options.EXPORTS)
    assert set(get_args(SourceName)) == {*SOURCES, "urls", "uploads"}


def told_defaults() -> dict[str, str]:
    """What the help of `build` says of each option's default."""
    found = {}
    for parameter in build.params:
        if isinstance(parameter, click.Option) and parameter.help:
            match = re.search(r"\[default: (.*)\]$", parameter.help)
            if match:
                found[parameter.opts[0]] = match[1]
    return found


def test_defaults_are_told_as_they_are() -> None:
    limits, splits = FetchLimits(), SplitSpec()
    image, dedupe = ImageSpec(), DedupeSpec()
    assert told_defaults() == {
        "--images": str(field_default(DatasetSpec, "images_per_label")),
        "--source": ", ".join(field_default(DatasetSpec, "sources")),  # type: ignore[arg-type]  # a tuple
        "--name": "made from the input",
        "--format": f"{image.format}; jpeg with --size",
        "--resize": image.resize,
        "--quality": "92 and 90",
        "--tier": image.tier,
        "--min-side": str(image.min_side),
        "--min-bytes": str(image.min_bytes),
        "--max-bytes": str(image.max_bytes),
        "--max-pixels": str(image.max_pixels),
        "--max-aspect-ratio": str(image.max_aspect_ratio),
        "--radius": str(dedupe.radius),
        "--joint-radius": str(dedupe.joint_radius),
        "--splits": f"{splits.train},{splits.val},{splits.test}",
        "--processes": "one per CPU",
        "--concurrency": str(limits.concurrency),
        "--per-host": str(limits.per_host),
        "--spacing": "0",
        "--timeout": f"{limits.total_seconds:g}",
        "--retries": str(limits.retries),
    }


def field_default(model: type[BaseModel], name: str) -> object:
    return model.model_fields[name].default


def test_nothing_said_is_the_models_defaults() -> None:
    assert options.image_spec(NOTHING_SAID, NO_FORM) == ImageSpec()
    assert options.form_spec(NO_FORM) is None
    assert (
        options.dedupe_spec(DedupeChoices(no_near_duplicates=False, radius=None, joint_radius=None, turned=False))
        == DedupeSpec()
    )
    assert options.split_spec(None) == SplitSpec()


def test_what_is_said_arrives() -> None:
    checks = ImageChoices("strict", 10, 20, 30_000, 40_000, 2.5, ("min_detail=0.5",), refuse_animation=True)
    form = FormChoices("webp", 64, "crop", 50, upscale=True)
    assert options.image_spec(checks, form) == ImageSpec(
        tier="strict",
        min_side=10,
        min_bytes=20,
        max_bytes=30_000,
        max_pixels=40_000,
        max_aspect_ratio=2.5,
        animation="refuse",
        checks=Thresholds(min_detail=0.5),
        format="webp",
        size=64,
        resize="crop",
        quality=50,
        only_if_bigger=False,
    )
    assert options.image_spec(NOTHING_SAID, FormChoices(None, 256, None, None, upscale=False)).format == "jpeg"
    same = DedupeChoices(no_near_duplicates=True, radius=4, joint_radius=9, turned=True)
    assert options.dedupe_spec(same) == DedupeSpec(near=False, radius=4, joint_radius=9, turned=True)
    assert options.split_spec("0.5,0.25,0.25") == SplitSpec(train=0.5, val=0.25, test=0.25)


@pytest.mark.parametrize("shares", ["0.8,0.2", "a,b,c", "", "0.8,0.1,0.2"])
def test_splits_that_are_none(shares: str) -> None:
    with pytest.raises(InputError):
        options.split_spec(shares)


def test_faults_of_models_name_options() -> None:
    with pytest.raises(InputError, match=r"^--min-side: .*\n--max-aspect-ratio: "):
        options.image_spec(ImageChoices(None, 0, None, None, None, 0.5, (), refuse_animation=False))
    with pytest.raises(InputError, match=r"^size needs a format"):
        options.image_spec(NOTHING_SAID, FormChoices("original", 256, None, None, upscale=False))
    with pytest.raises(InputError, match=r"^LABEL: "):
        options.spoken(DatasetSpec, {"name": "x", "labels": ["a\nb"]})


def test_thresholds() -> None:
    (option,) = (option for option in build.params if option.name == "thresholds")
    assert isinstance(option, click.Option)
    assert set(re.findall(r"[a-z]+_[a-z_]+", option.help or "")) == set(Thresholds.model_fields)
    for wrong, message in (
        ("min_detail", "NAME=NUMBER"),
        ("min_detail=x", "^--threshold min_detail: "),
        ("sharp=1", "^--threshold sharp: "),
    ):
        with pytest.raises(InputError, match=message):
            options.image_spec(ImageChoices(None, None, None, None, None, None, (wrong,), refuse_animation=False))


def test_queries_belong_to_labels() -> None:
    assert queries_by_label(("cat", "dog"), ("cat=tabby", "dog=a=b", "cat=tom")) == {
        "cat": ["tabby", "tom"],
        "dog": ["a=b"],
    }
    assert queries_by_label(("cat",), ("tabby", "x=y", "cat=tom")) == {"cat": ["tabby", "x=y", "tom"]}
    with pytest.raises(InputError, match="LABEL=TEXT"):
        queries_by_label(("cat", "dog"), ("tabby",))


def test_columns() -> None:
    assert fields_named(("url=Image Link", "label=class")) == {"url": "Image Link", "label": "class"}
    assert set(UrlRow.model_fields) - {"line"} == {"url", "label", "title", "licence", "page_url"}
    for wrong in ("url", "url=", "line=x", "caption=x"):
        with pytest.raises(InputError, match="FIELD=NAME"):
            fields_named((wrong,))


@pytest.mark.parametrize("name", sorted(cli.commands))
def test_every_option_has_help(name: str) -> None:
    command = cli.commands[name]
    assert command.short_help
    assert [option.name for option in command.params if isinstance(option, click.Option) and not option.help] == []
