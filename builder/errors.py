"""Typed errors of the builder: each says what happened and what to do next."""


class BuilderError(Exception):
    """Base of everything the builder raises on purpose."""


class SourceError(BuilderError):
    """A source of candidates could not answer; other sources carry on.

    `source` is its name, `kind` one of `SOURCE_FAILURES`, the message a plain sentence for people.
    """

    def __init__(self, source: str, kind: str, message: str) -> None:
        super().__init__(message)
        self.source = source
        self.kind = kind

    def __reduce__(self) -> tuple[type["SourceError"], tuple[str, str, str]]:
        """Keep all three arguments when the error crosses a process."""
        return type(self), (self.source, self.kind, str(self))


SOURCE_FAILURES = ("unreachable", "rate_limited", "refused", "changed", "not_configured", "unmatched")
"""Why a source gave nothing, or less: network down; too many requests; it said no; its answers changed form; no
setting; what it has is of no label."""


class AddressRefusedError(BuilderError, OSError):
    """A host resolves to an address that must not be fetched from (private, loopback, link-local, metadata...).

    It is an `OSError` because it is raised where sockets are made, and HTTP clients pass on only those.
    """


class OutboundError(BuilderError):
    """A message could not be handed over: the host cannot be reached, may not be, or gave no answer in time."""


class SettingError(BuilderError, ValueError):
    """A setting has a value that cannot be used; the message names the form that can."""


class UrlListError(BuilderError, ValueError):
    """A list of URLs has a line that cannot be used. `line` counts from 1; 0 stands for the list as a whole."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(line, message)
        self.line = line
        self.message = message

    def __str__(self) -> str:
        return f"line {self.line}: {self.message}" if self.line else self.message


class TakeDownListError(BuilderError, ValueError):
    """A take-down list has a line that cannot be used. `line` counts from 1; 0 stands for the list as a whole."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(line, message)
        self.line = line
        self.message = message

    def __str__(self) -> str:
        return f"take-down list, line {self.line}: {self.message}" if self.line else f"take-down list: {self.message}"


class DamagedShardError(BuilderError, ValueError):
    """A raw shard is not what `builder.raw` writes: cut off, or made by somebody else. Fetch the slice again."""


class UnknownFormatError(BuilderError):
    """An export or image format that this version does not have."""


class ManifestError(BuilderError):
    """A manifest that cannot be read; the message names the line."""


class MissingBytesError(BuilderError):
    """The bytes that a row points at are not in its shard: the shard must be validated again."""


class BuildInUseError(BuilderError):
    """Another process builds in this folder: wait for it, or choose another folder."""


class DifferentBuildError(BuilderError):
    """The folder holds the build of another request: choose another folder, or repeat the request it was begun with."""


class NotADatasetError(BuilderError):
    """The folder holds no dataset that this program made."""


class WorkerLostError(BuilderError):
    """Worker processes keep dying, or one met a fault of the machine (a full disk...): the message says which. What is
    done is kept: the same command goes on from there."""


class ArchiveError(BuilderError, ValueError):
    """A file that was handed in for its images cannot be used. `kind` is one of `ARCHIVE_FAULTS`, the message a
    sentence that says what to do."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


ARCHIVE_FAULTS = (
    "not_an_archive",
    "unsupported",
    "damaged",
    "too_many_entries",
    "too_many_bytes",
    "bomb",
    "overlapping",
    "unreadable_names",
)
"""Why an archive is refused as a whole: its bytes are of another type; a type that is not opened; it is broken; three
limits; entries that share bytes; names that are not in the encoding they claim."""
