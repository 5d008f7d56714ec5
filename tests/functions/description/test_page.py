import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest

import function_app  # noqa: F401 (declares all operations)
from functions.description.openapi import document
from functions.description.page import POLICY, page
from functions.description.types import constraints, type_of
from functions.operations import OPERATIONS
from shared.problem_types import TYPES

VOID = {"meta", "wbr", "br"}


class Elements(HTMLParser):
    """Ids and links of a page; AssertionError when an element is not closed where it should be."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: set[str] = set()
        self.tags: set[str] = set()
        self.loads: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        told = {name: value or "" for name, value in attrs}
        self.ids += [told["id"]] if "id" in told else []
        self.links |= {told["href"]} if "href" in told else set()
        self.loads += [name for name in told if name in {"src", "style"} or name.startswith("on")]
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag


@pytest.fixture(scope="module")
def elements() -> Elements:
    return Elements(page(document()))


def test_every_operation_schema_and_problem_has_its_place(elements: Elements) -> None:
    assert len(elements.ids) == len(set(elements.ids))
    wanted = {one.name for one in OPERATIONS} | {f"problem-{kind}" for kind in TYPES}
    assert wanted | {f"schema-{name}" for name in document()["components"]["schemas"]} <= set(elements.ids)


def test_links_lead_somewhere(elements: Elements) -> None:
    inside = {link for link in elements.links if link.startswith("#")}
    assert inside <= {f"#{one}" for one in elements.ids}
    assert elements.links - inside == {"openapi.json", "collection.json"}


def test_nothing_is_loaded_or_run(elements: Elements) -> None:
    assert elements.loads == []
    assert elements.tags & {"script", "link", "img", "iframe"} == set()


def test_the_policy_names_the_style_sheet_that_is_there() -> None:
    style = re.search(r"<style>(.*)</style>", page(document()), re.DOTALL)
    assert style
    assert base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode() in POLICY


def test_what_descriptions_say_is_text() -> None:
    made = {**document(), "info": {"title": "<b>", "description": "one `a<b`\n\ntwo & three"}}
    assert "<p>one <code>a&lt;b</code></p><p>two &amp; three</p>" in page(made)


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"$ref": "#/components/schemas/Cat"}, '<a href="#schema-Cat">Cat</a>'),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "string or null"),
        ({"enum": ["a", "<"]}, "<code>a</code> <wbr><code>&lt;</code>"),
        ({"const": 1}, "<code>1</code>"),
        ({"type": "array", "items": {"type": "integer"}}, "list of integer"),
        ({"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}]}, "list of integer, string"),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, "object of integer"),
        ({"type": "string", "format": "date-time"}, "date-time"),
        ({}, "anything"),
    ],
)
def test_a_type_in_words(schema: dict[str, object], said: str) -> None:
    assert type_of(schema) == said


def test_limits_in_words() -> None:
    choice = {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 1000}, {"type": "null"}], "default": None}
    assert constraints(choice) == "at least 1, at most 1,000"
    assert constraints({"minLength": 1, "default": "a"}) == "not empty, default <code>a</code>"
