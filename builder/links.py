"""URLs as text: quoting what a request line cannot carry, and a key under which spellings of one URL are equal."""

import re
from urllib.parse import urlsplit, urlunsplit

from yarl import URL

from builder.spec import check_http_url

MAX_URL_CHARACTERS = 2_000

_DEFAULT_PORTS = {"http": 80, "https": 443}
_WELL_FORMED = re.compile(r"(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+")  # RFC 3986, section 2
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_PLAIN = re.compile(  # no punycode, no fragment, no port that may be a default or none: those need `parse_link`
    rf"https?://(?:(?:(?!xn--)[a-z0-9]+(?:-[a-z0-9]+)*\.)+[a-z]{{2,24}}|(?:{_OCTET}\.){{3}}{_OCTET})(?::[1-5]?[1-9][0-9]{{3}})?/"
    r"(?:[A-Za-z0-9\-._~/?:@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*"
)
_NO_TEXT = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")  # controls, and halves of characters


def parse_link(text: str) -> URL:
    """Read a URL as it is to be requested, without its fragment; raise ValueError, saying why, if it must not be.

    A URL that is well formed already stays as it is to the last byte: signed URLs break when `%2C` becomes `,`. Any
    other (spaces, other scripts, a bare `%`) is quoted.
    """
    text = text.strip()
    if _NO_TEXT.search(text):
        msg = "a URL must not contain control characters or halves of characters"
        raise ValueError(msg)
    check_http_url(text)
    url = URL(text.partition("#")[0], encoded=_WELL_FORMED.fullmatch(text) is not None)
    if not url.host or url.user is not None or url.password is not None:
        msg = "the URL names no host, or carries credentials"
        raise ValueError(msg)
    if len(str(url)) > MAX_URL_CHARACTERS:
        msg = f"the URL is longer than {MAX_URL_CHARACTERS} characters"
        raise ValueError(msg)
    return url


def is_plain(text: str) -> bool:
    """Whether `parse_link` would give the text back as it is, told by one look: most lines of long lists are such."""
    return len(text) <= MAX_URL_CHARACTERS and _PLAIN.fullmatch(text) is not None


def clean_link(text: object) -> str | None:
    """The URL quoted and without fragment, or None when it is no http(s) URL that may be followed."""
    try:
        return str(parse_link(text)) if isinstance(text, str) else None
    except ValueError:
        return None


def url_key(url: str) -> str:
    """A key that is equal for spellings of one URL: scheme and host in lower case, no default port, no fragment."""
    if is_plain(url):
        return url
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        return url
    scheme = parts.scheme.lower()
    userinfo, at, _ = parts.netloc.rpartition("@")
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    suffix = "" if port is None or port == _DEFAULT_PORTS.get(scheme) else f":{port}"
    return urlunsplit((scheme, userinfo + at + host + suffix, parts.path or "/", parts.query, ""))
