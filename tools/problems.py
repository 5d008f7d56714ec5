"""Writes docs/problems.md from shared/problem_types.py: `python tools/problems.py` from the project's folder."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/problems.md"
sys.path.insert(0, str(ROOT))

INTRODUCTION = """\
# Problem types

Errors come as `application/problem+json` (RFC 9457). Their `type` is a URI that ends with one of the names below;
`title` is always the same for a type, `detail` says what is wrong this time and what to do, and `errors` names each
member of a body, by JSON pointer, or parameter of a query, as `?name`, that is at fault. Go by `type`, not by `title`
or `detail`. The app shows the same list at `/api/v1/docs#problems`.

Written by tools/problems.py.
"""


def page() -> str:
    """The whole page, Markdown."""
    from shared.problem_types import TYPES

    parts = [INTRODUCTION]
    for kind, one in sorted(TYPES.items(), key=lambda item: item[1].status):
        parts.append(f"## {kind}\n\n{one.status}, {one.title}. {one.meaning}\n\nWhat to do: {one.remedy}\n")
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page())
