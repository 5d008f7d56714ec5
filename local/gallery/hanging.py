"""Hangs the gallery: gives every picture its address, and adds the copies and faults that the web has beside it."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle, islice

from local.gallery import faults
from local.gallery.exhibits import ROBOTS_DISALLOWED, Behaviour, Exhibit
from local.gallery.pictures import Picture

EXTRA_SHARE = 0.6
"""Copies and faults per picture: 1 / 1.6, or 62 %, of what a search finds is good and new."""


@dataclass(frozen=True)
class Hung:
    """An exhibit with the bytes of its file, if it has one of its own."""

    exhibit: Exhibit
    data: bytes | None = None


FAULTS: tuple[tuple[str, str, Behaviour], ...] = (
    ("truncated", "jpg", "serve"),
    ("not-found", "jpg", "not_found"),
    ("page", "jpg", "serve"),
    ("cut-off", "jpg", "cut_off"),
    ("icon", "png", "serve"),
    ("forbidden", "jpg", "forbidden"),
    ("server-error", "jpg", "server_error"),
    ("drip", "jpg", "drip"),
    ("drawing", "svg", "serve"),
    ("loop", "jpg", "redirect_loop"),
    ("gone", "jpg", "gone"),
    ("bomb", "png", "serve"),
    ("inside", "jpg", "redirect_inside"),
    ("busy", "jpg", "too_many_requests"),
    ("drop", "jpg", "drop"),
    ("empty", "jpg", "empty"),
)
COPIES = ("resized", "other-query", "recompressed", "mirrored", "members")
GUARDED = {"forbidden", "busy"}  # these faults are the mirror's, all others the attic's
TYPES = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp", "gif": "image/gif", "svg": "image/svg+xml"}
MOVED: dict[int, Behaviour] = {2: "moved_permanently", 8: "found"}  # by number modulo 12


def hang(topic: str, pictures: list[Picture]) -> Iterator[Hung]:
    """Everything of one topic: its pictures, then copies and faults made from them."""
    for picture in pictures:
        yield from _picture(picture)
    extras = round(len(pictures) * EXTRA_SHARE)
    copies = extras // 2
    # Steps of 11 and 5 spread copies and faults over the topic, since neither divides its number of pictures.
    for index, how in enumerate(islice(cycle(COPIES), copies)):
        yield _copy(pictures[index * 11 % len(pictures)], how)
    for index, fault in enumerate(islice(cycle(FAULTS), extras - copies)):
        yield _fault(pictures[(index * 5 + 2) % len(pictures)], index, *fault)


def _base(picture: Picture) -> Exhibit:
    """The picture itself, where it hangs."""
    site = 0 if picture.style == "jpeg" else 1
    target = f"/photos/{picture.topic}/{picture.number:03}.{picture.extension}"
    return Exhibit(
        topic=picture.topic,
        number=picture.number,
        photograph=picture.photograph,
        site=site,
        target=target,
        kind="picture",
        content_type=TYPES[picture.extension],
        file=f"{picture.topic}-{picture.number:03}.{picture.extension}",
        width=picture.width,
        height=picture.height,
    )


def _picture(picture: Picture) -> Iterator[Hung]:
    base = _base(picture)
    behaviour = MOVED.get(picture.number % 12)
    if behaviour is None:
        yield Hung(base, picture.data)
        return
    yield Hung(base.model_copy(update={"listed": False}), picture.data)
    target = f"/{picture.topic}/{picture.number:03}.{picture.extension}"
    yield Hung(base.model_copy(update={"site": 1, "target": target, "behaviour": behaviour}))


def _copy(picture: Picture, how: str) -> Hung:
    base = _base(picture)
    if how == "other-query":
        return Hung(base.model_copy(update={"kind": "copy", "target": f"{base.target}?utm_source=feed"}))
    if how in {"mirrored", "members"}:
        folder = ROBOTS_DISALLOWED if how == "members" else "/mirror/"
        target = folder + base.target.removeprefix("/photos/")
        return Hung(base.model_copy(update={"kind": "copy", "site": 2, "target": target}))
    data = faults.resized(picture.data) if how == "resized" else faults.recompressed(picture.data)
    name = f"{picture.topic}-{picture.number:03}-{how}.jpg"
    changes = {
        "kind": "copy",
        "site": 1 if how == "resized" else 2,
        "target": f"/{how}/{picture.topic}/{picture.number:03}.jpg",
        "content_type": "image/jpeg",
        "file": name,
        "width": None,  # a copy's page rarely tells its true size
        "height": None,
    }
    return Hung(base.model_copy(update=changes), data)


def _fault(picture: Picture, index: int, name: str, extension: str, behaviour: Behaviour) -> Hung:
    base = _base(picture)
    changes = {
        "kind": "fault",
        "site": 2 if name in GUARDED else 3,
        "target": f"/{name}/{picture.topic}/{index:02}.{extension}",
        "behaviour": behaviour,
        "content_type": TYPES[extension],
        "file": None if behaviour != "serve" else f"{picture.topic}-{index:02}-{name}.{extension}",
    }
    if behaviour in {"cut_off", "drip"}:
        changes["file"] = base.file
        changes["content_type"] = base.content_type
    data = _fault_bytes(picture, name) if behaviour == "serve" else None
    return Hung(base.model_copy(update=changes), data)


def _fault_bytes(picture: Picture, name: str) -> bytes:
    match name:
        case "truncated":
            return faults.truncated(picture.data)
        case "icon":
            return faults.icon(picture.data)
        case "page":
            return faults.page()
        case "drawing":
            return faults.drawing()
        case _:
            return faults.bomb()
