"""One entry of an archive, not read yet; and what is said when that turns out to be impossible."""

from collections.abc import Callable
from dataclasses import dataclass

from builder.archive_limits import Source
from builder.archive_names import PassedOver
from builder.errors import ArchiveError


@dataclass(frozen=True, slots=True)
class Member:
    """`name` as the archive has it, `size` as it claims. `fault`: what its headers say against it. `open` gives the
    bytes, decoded, as long as no later entry has been asked for."""

    name: str
    size: int
    fault: PassedOver | None
    open: Callable[[], Source]


def damaged(what: str) -> ArchiveError:
    """The error of an archive that is cut off or broken."""
    return ArchiveError("damaged", f"the archive cannot be read to its end ({what[:200]}): pack and send it again")
