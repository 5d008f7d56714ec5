"""What a person asks for: the labels of a dataset and the rules for its images."""

import hashlib
import re
import unicodedata
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

SourceName = Literal["duckduckgo", "bing", "urls", "uploads", "sample"]
ImageFormat = Literal["original", "jpeg", "png", "webp"]
ExportFormat = Literal["imagefolder", "webdataset", "parquet", "coco", "yolo", "csv", "jsonl", "labels"]
Tier = Literal["fast", "standard", "strict"]
Resize = Literal["fit", "pad", "crop"]

MAX_LABELS = 1_000
MAX_IMAGES_PER_LABEL = 100_000
MAX_IMAGES = 1_000_000
"""In the whole dataset: deduplication looks at all of them at once."""
MAX_INLINE_URLS = 10_000
MAX_UPLOADS = 20

_SLUG_CHARACTERS = 64
_DIGEST_CHARACTERS = 8


def slugify(text: str) -> str:
    """A name for files and folders: at most 64 of ASCII lower case, digits and single hyphens.

    Case, accents and punctuation make no difference. Where more than that would be lost (letters of other scripts,
    the end of a long text, or all of it), some digits of a hash keep different texts apart. A slug's slug is itself.
    """
    letters = unicodedata.normalize("NFKD", text).casefold()
    plain = "".join(character for character in letters if character.isascii())
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    lost = any(character.isalnum() and not character.isascii() for character in letters)
    if slug and not lost and len(slug) <= _SLUG_CHARACTERS:
        return slug
    # Punctuation and spacing make no difference here either; marks do, for in many scripts they are the vowels.
    kept = (character if unicodedata.category(character)[0] in "LMN" else " " for character in letters)
    words = " ".join("".join(kept).split()) or text
    digest = hashlib.sha256(words.encode()).hexdigest()[:_DIGEST_CHARACTERS]
    return f"{slug[: _SLUG_CHARACTERS - _DIGEST_CHARACTERS - 1].rstrip('-') or 'x'}-{digest}"


def check_http_url(url: str) -> str:
    """Return the URL if it is http(s), names a host and carries no credentials; raise ValueError if not."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        msg = f"not a URL: {error}"
        raise ValueError(msg) from None
    if parts.scheme.lower() not in {"http", "https"}:
        msg = "only http and https URLs are fetched"
        raise ValueError(msg)
    if not parts.hostname:
        msg = "the URL names no host"
        raise ValueError(msg)
    if parts.username is not None or parts.password is not None:
        msg = "a URL must not carry credentials"
        raise ValueError(msg)
    return url


def stripped(text: str) -> str:
    """Without white space around it; its length was looked at before, as JSON Schema does."""
    return text.strip()


def said(text: str) -> str:
    """As `stripped`, and not empty then: ValueError."""
    if not (text := text.strip()):
        msg = "should have at least 1 character that is no white space"
        raise ValueError(msg)
    return text


def _printable(text: str) -> str:
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in text):
        msg = "must be one line of text, without control characters"
        raise ValueError(msg)
    return text


Text = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(said), AfterValidator(_printable)]
HttpUrl = Annotated[str, StringConstraints(max_length=2_000), AfterValidator(check_http_url)]


class Model(BaseModel):
    """Base of everything a person may send: frozen, and an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class LabelSpec(Model):
    """One class of the dataset and where its images come from."""

    name: Text
    queries: tuple[Text, ...] = Field(default=(), max_length=50, description="empty: made from the name")
    images: int | None = Field(
        default=None,
        ge=0,
        le=MAX_IMAGES_PER_LABEL,
        description="overrides images_per_label; 0: nothing is searched, and whatever is put there stays",
    )
    urls: tuple[HttpUrl, ...] = Field(default=(), max_length=MAX_INLINE_URLS, description="for the source `urls`")

    @property
    def slug(self) -> str:
        """The name in file and folder names."""
        return slugify(self.name)


class Thresholds(Model):
    """Where the checks of content draw the line; null: the tier's own value. Grey levels go from 0 to 255.

    Everything is measured on a small grey version of the picture, see builder/checks.py.
    """

    min_contrast: float | None = Field(
        default=None, ge=0, le=255, description="`uniform`: levels between darkest and brightest; null: 10, strict 25"
    )
    max_flat_ground: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="`uniform`: share of one grey level behind thin marks (placeholder, text; 1 lets line drawings in)"
        "; null: 0.75, strict 0.6",
    )
    min_bright_level: float | None = Field(
        default=None, ge=0, le=255, description="`too_dark`: level that 1 % of the pixels exceed; null: 40, strict 80"
    )
    max_dark_level: float | None = Field(
        default=None, ge=0, le=255, description="`too_bright`: level that 1 % are below; null: 215, strict 180"
    )
    min_detail: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="`low_information`: share of pixels unlike their neighbours; null: 0.001, strict 0.005",
    )
    min_sharpness: float | None = Field(
        default=None,
        ge=0,
        le=10,
        description="`blurry`: detail of the sharpest parts over the contrast of all; null: 0.06, strict 0.1",
    )


class ImageSpec(Model):
    """Which images are let in, and in which form they are kept."""

    tier: Tier = Field(
        default="standard",
        description="fast: what the header tells; standard: content too; strict: the same with stricter thresholds",
    )
    checks: Thresholds = Field(default=Thresholds(), description="thresholds other than the tier's")
    format: ImageFormat = Field(
        default="original", description="`original` keeps the pixels as served, upright and without EXIF, XMP and IPTC"
    )
    size: int | None = Field(default=None, ge=16, le=16_384, description="pixels; null keeps the size")
    resize: Resize = Field(
        default="fit",
        description="fit: longest side becomes `size`; pad: the same in the middle of a white square of `size`; "
        "crop: a square from the middle",
    )
    only_if_bigger: bool = Field(default=True, description="images smaller than `size` are not scaled up")
    quality: int | None = Field(default=None, ge=1, le=100, description="of jpeg and webp; null: 92 and 90")
    animation: Literal["first_frame", "refuse"] = "first_frame"
    min_side: int = Field(default=64, ge=1, le=16_384, description="pixels; smaller images are rejected")
    min_bytes: int = Field(default=1_024, ge=1, le=10_000_000)
    max_bytes: int = Field(default=20_000_000, ge=1_000, le=100_000_000)
    max_pixels: int = Field(default=100_000_000, ge=10_000, le=400_000_000)
    max_aspect_ratio: float = Field(default=5.0, ge=1.0, le=100.0)
    odd_size: float | None = Field(
        default=10.0,
        gt=1.0,
        description="how many times the dataset's median sqrt(width x height) may be above or below it; null: any",
    )

    @property
    def odd_size_factor(self) -> float | None:
        """`odd_size` where the tier asks for it."""
        return None if self.tier == "fast" else self.odd_size

    @model_validator(mode="after")
    def _sizes_fit(self) -> Self:
        if self.size is not None and self.format == "original":
            msg = "size needs a format to write (jpeg, png or webp): `original` keeps the bytes served"
            raise ValueError(msg)
        if self.max_bytes < self.min_bytes:
            msg = "max_bytes is below min_bytes: no image could pass"
            raise ValueError(msg)
        if self.max_pixels < self.min_side**2:
            msg = "max_pixels is below min_side x min_side: no image could pass"
            raise ValueError(msg)
        return self


class DedupeSpec(Model):
    """What counts as the same picture."""

    near: bool = True
    radius: int = Field(default=8, ge=0, le=16, description="bits of 64 in which either pHash or dHash may differ")
    joint_radius: int = Field(
        default=24, ge=0, le=128, description="bits of 128 in which pHash and dHash may differ together"
    )
    turned: bool = Field(default=False, description="mirrored and rotated copies count as copies too")


class SplitSpec(Model):
    """Shares of the splits; they sum to 1."""

    train: float = Field(default=0.8, ge=0, le=1)
    val: float = Field(default=0.1, ge=0, le=1)
    test: float = Field(default=0.1, ge=0, le=1)
    radius: int = Field(default=10, ge=0, le=16, description="as in dedupe, for images that stay in one split")
    joint_radius: int = Field(default=28, ge=0, le=128, description="as in dedupe, for images that stay in one split")

    @model_validator(mode="after")
    def _sums_to_one(self) -> Self:
        if abs(self.train + self.val + self.test - 1) > 1e-6:  # noqa: PLR2004
            msg = "train, val and test must sum to 1"
            raise ValueError(msg)
        return self


def _named(label: object) -> object:
    if isinstance(label, dict):  # strict validation takes a JSON array for a tuple, but not the list made of it
        return {key: tuple(value) if isinstance(value, list) else value for key, value in label.items()}
    return {"name": label} if isinstance(label, str) else label


class DatasetSpec(Model):
    """The whole request for a dataset. A label may be just its name: `"cat"` is `{"name": "cat"}`."""

    name: Text
    labels: tuple[
        Annotated[LabelSpec, BeforeValidator(_named, json_schema_input_type=Text | LabelSpec)],
        ...,
    ] = Field(min_length=1, max_length=MAX_LABELS, description="the classes; names differ in more than case")
    images_per_label: int = Field(
        default=100, ge=1, le=MAX_IMAGES_PER_LABEL, description="unless the label says otherwise"
    )
    sources: tuple[SourceName, ...] = Field(
        default=("duckduckgo", "bing"), min_length=1, description="where images are looked for; each once"
    )
    url_list: str | None = Field(
        default=None, pattern=r"^[0-9a-f]{32}$", description="id of an uploaded list, for the source `urls`"
    )
    uploads: tuple[Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")], ...] = Field(
        default=(),
        max_length=MAX_UPLOADS,
        description="ids of uploads, for the source `uploads`: an image goes to the label that its folder names; "
        "where there is but one label, all do",
    )
    image: ImageSpec = Field(default=ImageSpec(), description="which images are let in, and in which form")
    dedupe: DedupeSpec = Field(default=DedupeSpec(), description="what counts as the same picture")
    splits: SplitSpec = Field(default=SplitSpec(), description="shares of training, validation and test")
    exports: tuple[ExportFormat, ...] = Field(default=("imagefolder",), description="forms to download; each once")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        slugs = [label.slug for label in self.labels]
        twice = sorted({label.name for label in self.labels if slugs.count(label.slug) > 1})
        if twice:
            msg = f"labels must differ in more than case and punctuation: {', '.join(twice)}"
            raise ValueError(msg)
        for field, values in (("sources", self.sources), ("exports", self.exports), ("uploads", self.uploads)):
            if len(set(values)) != len(values):
                msg = f"{field} names the same thing twice"
                raise ValueError(msg)
        if bool(self.uploads) != ("uploads" in self.sources):
            msg = "the source `uploads` and the ids in `uploads` go together: name both, or neither"
            raise ValueError(msg)
        lists = self.url_list is not None or any(label.urls for label in self.labels)
        if lists and "urls" not in self.sources:
            msg = "a URL list is given, but sources does not name `urls`"
            raise ValueError(msg)
        if "urls" in self.sources and not lists and any(label.images != 0 for label in self.labels):
            msg = "the source `urls` needs a list: labels[].urls, or url_list with the id of an uploaded one"
            raise ValueError(msg)
        bare = [label.name for label in self.labels if not label.urls and label.images != 0]
        if bare and self.sources == ("urls",) and self.url_list is None:
            msg = f"nothing gives images to {', '.join(bare)}: add urls there, a url_list, or another source"
            raise ValueError(msg)
        images = sum(self.target(label) for label in self.labels)
        if images > MAX_IMAGES:
            msg = f"{images:,} images are asked for, at most {MAX_IMAGES:,} in all: make several datasets"
            raise ValueError(msg)
        return self

    def label(self, slug: str) -> LabelSpec:
        """The label with that slug; KeyError if the dataset has none."""
        for label in self.labels:
            if label.slug == slug:
                return label
        raise KeyError(slug)

    def target(self, label: LabelSpec) -> int:
        """How many images this label is to have; 0: as many as there are."""
        return self.images_per_label if label.images is None else label.images
