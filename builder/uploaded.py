"""Images that somebody handed in: where each lies in the shards of its upload, and which label its folders give it."""

from collections.abc import Collection, Iterable, Iterator
from urllib.parse import quote, unquote

from builder.archive_names import folders
from builder.rows import Row
from builder.spec import slugify

SCHEME = "upload://"


class UploadedImage(Row):
    """One image of an upload: its name there, and its bytes' place in the upload's raw shards."""

    upload: str  # id
    path: str  # as in the archive: relative, with `/`
    shard: int
    offset: int  # of the bytes in that shard's tar
    size_bytes: int

    @property
    def url(self) -> str:
        """Names the image as a candidate: `upload://{id}/{path}`."""
        return f"{SCHEME}{self.upload}/{quote(self.path)}"


def folder_of(path: str) -> str | None:
    """The folder that a file is in, which is its label until a dataset says otherwise; None at the top."""
    return next(iter(folders(path)), None)


def label_of(path: str, slugs: Collection[str]) -> str | None:
    """The slug of the label that a file belongs to: of the nearest folder that is a label (case, accents and
    punctuation make no difference), or the only label there is; None if it is of none."""
    if len(slugs) == 1:
        return next(iter(slugs))
    return next((slug for folder in folders(path) if (slug := slugify(folder)) in slugs), None)


def upload_of(url: str) -> str | None:
    """The id of the upload in a candidate's URL; None for URLs of the web."""
    return url.removeprefix(SCHEME).partition("/")[0] if url.startswith(SCHEME) else None


def path_of(url: str) -> str:
    """The path in a candidate's URL `upload://{id}/{path}`."""
    return unquote(url.removeprefix(SCHEME).partition("/")[2])


def find(images: Iterable[UploadedImage], urls: Collection[str]) -> Iterator[UploadedImage]:
    """Those of `images` that `urls` name."""
    wanted = {path_of(url) for url in urls}
    return (image for image in images if image.path in wanted)
