"""Small JPEGs of stored images, to look at."""

from builder.decode import open_image
from builder.encode import MAX_SIDE, encode
from builder.errors import UnknownFormatError
from builder.formats import sniff
from builder.pixels import at_size, on_white, to_srgb, upright
from builder.resize import room, scaled_size
from builder.spec import ImageSpec


def thumbnail(data: bytes, size: int) -> bytes:
    """A JPEG, upright and in sRGB, that fits into `size` x `size` pixels, 1 at least. `data` has passed validation.

    Raises UnknownFormatError for bytes of a type that validation lets in nowhere.
    """
    found = sniff(data)
    if found.format is None:
        msg = f"{found.name} has no thumbnail: give it the bytes of a stored image"
        raise UnknownFormatError(msg)
    file = open_image(data, found.format)
    fit = ImageSpec.model_construct(format="jpeg", size=size)  # smaller sizes than a dataset may ask for are fine here
    target = scaled_size(file.size, fit, MAX_SIDE["jpeg"])
    pixels = file.decode(room(target, file.size))
    values, mode = to_srgb(at_size(pixels.values, pixels.mode, target), pixels.mode, file.icc)
    values, mode = on_white(values, mode)
    return encode(upright(values, file.turn), mode, "jpeg", None)
