"""robots.txt (RFC 9309): what a host lets us ask for, and how often."""

from typing import Self

from protego import Protego

from builder.limits import PRODUCT

MAX_BYTES = 500 * 1024
"""What is read of a robots.txt; RFC 9309, 2.5, asks for at least 500 KiB."""

MAX_REDIRECTS = 5
"""RFC 9309, 2.3.1.2: at least five; a file behind more is taken for one that is not there."""

MAX_CRAWL_DELAY_SECONDS = 10.0
"""The longest `Crawl-delay` that is kept to (it is in no standard): a larger one would hold a build up for hours."""


class Robots:
    """The rules of one robots.txt for us."""

    def __init__(self, parser: Protego) -> None:
        self._parser = parser
        self.delay = min(parser.crawl_delay(PRODUCT) or 0.0, MAX_CRAWL_DELAY_SECONDS)

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a file, at most `MAX_BYTES` of it: whole lines only, so that no rule is cut into another one.

        Never fails: what is no rule is passed over, so that an HTML page allows everything.
        """
        if len(data) > MAX_BYTES:
            data = data[:MAX_BYTES].rpartition(b"\n")[0]
        return cls(Protego.parse(data.decode("utf-8-sig", errors="replace")))

    def allows(self, url: str) -> bool:
        """Whether `url`, which is of the file's host, may be asked for."""
        return self._parser.can_fetch(url, PRODUCT)
