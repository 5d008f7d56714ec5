"""The path of a blob trigger: `container/{a}/{b}.tar`, where a parameter stands for a part of the blob's name.

https://learn.microsoft.com/azure/azure-functions/functions-bindings-storage-blob-trigger#blob-name-patterns
"""

import re
from dataclasses import dataclass

from local.host.errors import UnsupportedFeatureError

_PART = re.compile(r"\{\{|\}\}|\{(?P<name>[A-Za-z_]\w*)\}|(?P<bad>[{}])|(?P<literal>[^{}]+)")


@dataclass(frozen=True)
class BlobPath:
    """A container, the literal start of the names of interest, and what the whole name must look like."""

    container: str
    prefix: str
    name: re.Pattern[str]


def parse_blob_path(path: str) -> BlobPath:
    """Parse a trigger's path; UnsupportedFeatureError says what is wrong with it.

    A parameter before a slash stands for one level of folders; the last one may span several.
    """
    container, _, pattern = path.partition("/")
    if not container or "{" in container:
        msg = f"the blob path {path!r} must begin with the name of a container, then a slash"
        raise UnsupportedFeatureError(msg)
    expression, prefix, literal_so_far = "", "", True
    for match in _PART.finditer(pattern or "{name}"):
        if match["bad"]:
            msg = f"the braces of the blob path {path!r} do not match"
            raise UnsupportedFeatureError(msg)
        if match["name"]:
            literal_so_far = False
            rest = match.string[match.end() :]
            repeats = "+" if "{" not in rest.replace("{{", "") else "+?"
            expression += f"(?P<{match['name']}>{'[^/]' if rest.startswith('/') else '.'}{repeats})"
        else:
            text = match["literal"] or match[0][0]
            expression += re.escape(text)
            prefix += text if literal_so_far else ""
    try:
        return BlobPath(container, prefix, re.compile(expression, re.DOTALL))
    except re.error as error:
        msg = f"the blob path {path!r} names a parameter twice"
        raise UnsupportedFeatureError(msg) from error
