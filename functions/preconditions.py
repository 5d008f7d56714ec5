"""If-Match on changes (RFC 9110, section 13.1.1): done only to the state that the caller has seen.

The tag is the one that a GET of the thing answers with: of the bytes of its representation, or of the versions of all
that it is made from, so it changes when anything visible does. A change through `matching` is compared and written in
one step: nobody can come between.
"""

from collections.abc import Callable

from pydantic import BaseModel
from starlette.requests import Request

from functions.http import json_response
from functions.stages.conditional import etag_of
from shared.problems import precondition_failed


def tag(representation: BaseModel | str) -> str:
    """The entity tag that a GET of this representation has; a text is the tag already."""
    return representation if isinstance(representation, str) else etag_of(bytes(json_response(representation).body))


def require_match(request: Request, show: Callable[[], BaseModel | str]) -> None:
    """`ProblemError` 412 unless If-Match, if there is one, names the tag of what `show` gives, or is `*`.

    `show` is called only when there is a condition, and may block. Weak tags never match: the comparison is strong.
    """
    given = request.headers.getlist("if-match")
    if not given:
        return
    tags = {one.strip() for header in given for one in header.split(",")}
    if "*" not in tags and tag(show()) not in tags:
        raise precondition_failed()


def check_match[D](request: Request, show: Callable[[D], BaseModel | str]) -> Callable[[D], None]:
    """Looks at a document as it is when it is changed: `require_match`, for changes that are made elsewhere.

    `show` makes what a GET answers, or its tag.
    """
    return lambda document: require_match(request, lambda: show(document))


def matching[D](
    request: Request, show: Callable[[D], BaseModel | str], edit: Callable[[D], D | None]
) -> Callable[[D], D | None]:
    """`edit`, for a repository's `change`, which holds only for a document that If-Match, if there is one, names.

    `show` makes what a GET answers, or its tag. `change` writes on the condition that the document is still
    the one that was compared, and asks again when it is not.
    """
    check = check_match(request, show)

    def guarded(document: D) -> D | None:
        check(document)
        return edit(document)

    return guarded
