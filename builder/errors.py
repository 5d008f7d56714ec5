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


SOURCE_FAILURES = ("unreachable", "rate_limited", "refused", "changed", "not_configured")
"""Why a source gave nothing: network down; too many requests; it said no; its answers changed form; no setting."""


class AddressRefusedError(BuilderError):
    """A host resolves to an address that must not be fetched from (private, loopback, link-local, metadata...)."""


class UnknownFormatError(BuilderError):
    """An export or image format that this version does not have."""
