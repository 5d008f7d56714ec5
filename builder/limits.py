"""How much time, how many bytes and how many requests fetching may take, and who it says it is."""

from dataclasses import dataclass

PRODUCT = "PixCrawler"
"""What we are called: in the User-Agent, in robots.txt (product token, RFC 9309, 2.2.1) and in X-Robots-Tag."""


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """How much time, how many bytes and how many requests fetching may take."""

    connect_seconds: float = 10.0  # DNS, TCP and TLS of one request
    read_seconds: float = 15.0  # between two pieces of an answer
    total_seconds: float = 30.0  # of one candidate: retries, redirects and waits between them; not for its turn
    max_bytes: int = 20_000_000  # of one body, decoded
    max_redirects: int = 5
    concurrency: int = 32  # requests at once; times max_bytes bounds the memory
    per_host: int = 6  # of these, from one host
    host_spacing_seconds: float = 0.0  # between the starts of two requests to one host
    retries: int = 2  # after the first try, for what is transient
    backoff_seconds: float = 0.5  # mean of the first wait before a retry; doubles, with full jitter
    contact: str = ""  # a URL or mail address for webmasters, told in the User-Agent

    @property
    def user_agent(self) -> str:
        """What we say we are."""
        return f"{PRODUCT}/0.1 (+{self.contact})" if self.contact else f"{PRODUCT}/0.1"
