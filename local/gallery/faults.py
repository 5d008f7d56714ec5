"""Bytes that the web serves in place of a good picture."""

import io
import struct
import zlib

from PIL import Image, ImageOps

BOMB_SIDE = 50_000


def _seen(data: bytes) -> Image.Image:
    """The picture as RGB, upright."""
    with Image.open(io.BytesIO(data)) as image:
        return ImageOps.exif_transpose(image).convert("RGB")


def _encoded(image: Image.Image, form: str, **options: int) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def resized(data: bytes) -> bytes:
    """The same picture at two thirds of its size, as JPEG."""
    image = _seen(data)
    size = (image.width * 2 // 3, image.height * 2 // 3)
    return _encoded(image.resize(size, Image.Resampling.LANCZOS), "JPEG", quality=85)


def recompressed(data: bytes) -> bytes:
    """The same picture at the same size, saved again as a JPEG of lower quality."""
    return _encoded(_seen(data), "JPEG", quality=60)


def truncated(data: bytes) -> bytes:
    """The first six tenths of the picture as a JPEG file, as an upload that broke off leaves it."""
    whole = recompressed(data)
    return whole[: len(whole) * 6 // 10]


def icon(data: bytes) -> bytes:
    """The picture as a PNG icon of 32 x 32 pixels."""
    return _encoded(_seen(data).resize((32, 32)), "PNG")


def page() -> bytes:
    """An HTML page, as some hosts send in place of a picture that they do not want to be linked."""
    notice = "<p>This picture may only be seen on our own pages. Please turn on cookies and come back.</p>\n"
    return (
        f"<!DOCTYPE html>\n<html><head><title>Hotlinking</title></head>\n<body>\n{notice * 24}</body></html>\n".encode()
    )


def drawing() -> bytes:
    """An SVG drawing: an image, but none made of pixels."""
    rings = "".join(f'  <circle cx="160" cy="120" r="{r}" fill="none" stroke="#456"/>\n' for r in range(4, 118, 4))
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="320" height="240">\n{rings}</svg>\n'.encode()


def bomb() -> bytes:
    """A small PNG whose header claims 50,000 x 50,000 pixels (PNG specification, 11.2.2 IHDR)."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", BOMB_SIDE, BOMB_SIDE, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(3 * BOMB_SIDE + 1) * 20, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
