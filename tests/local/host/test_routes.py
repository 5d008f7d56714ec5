from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.host.routes import RouteError, parse_route


@pytest.mark.parametrize(
    ("template", "path", "expected"),
    [
        ("api/items", "api/items", {}),
        ("api/items", "API/Items/", {}),
        ("api/items", "api/items/1", None),
        ("api/{id}", "api/7", {"id": "7"}),
        ("api/{id}", "api/", None),
        ("api/{id}", "api", None),
        ("api/{id?}", "api", {}),
        ("api/{id?}", "api/7", {"id": "7"}),
        ("api/{id=5}", "api", {"id": "5"}),
        ("api/{id:int}", "api/7", {"id": "7"}),
        ("api/{id:int}", "api/x", None),
        ("api/{id:int?}", "api", {}),
        ("api/{id:length(32)}", "api/" + "a" * 32, {"id": "a" * 32}),
        ("api/{id:length(32)}", "api/" + "a" * 31, None),
        ("api/{id:alpha:minlength(3)}", "api/abc", {"id": "abc"}),
        ("api/{id:alpha:minlength(3)}", "api/ab", None),
        (r"api/{id:regex(^[a-z]{{2}}(-\d+)?$)}", "api/ab-12", {"id": "ab-12"}),
        (r"api/{id:regex(^[a-z]{{2}}(-\d+)?$)}", "api/abc", None),
        ("api/{x:regex(^a/b$)}", "api/c", None),
        ("files/{*path}", "files/a/b.txt", {"path": "a/b.txt"}),
        ("files/{**path}", "files/a/b.txt", {"path": "a/b.txt"}),
        ("files/{*path}", "files", {}),
        ("{name}.{ext}", "photo.of.cat.jpg", {"name": "photo.of.cat", "ext": "jpg"}),
        ("{name}.{ext}", "photo", None),
        ("v{version:int}/x", "v2/x", {"version": "2"}),
        ("{{literal}}/x", "{literal}/x", {}),
        ("", "", {}),
        ("api/{id}", "api/a%20b%C3%A9", {"id": "a bé"}),
        ("api/{id}", "api/a%2Fb", {"id": "a%2Fb"}),
        ("api/{id}", "api/..%2f..", {"id": "..%2f.."}),
        ("a/{x?}/b", "a//b", None),
    ],
)
def test_matches(template: str, path: str, expected: dict[str, str] | None) -> None:
    assert parse_route(template).match(path) == expected


@pytest.mark.parametrize(
    "template",
    ["{id", "id}/{x", "{}", "{id:colour}", "{id:int(}", "{id:range(1)}", "{a}/{A}", "{*rest}/x", "x{*rest}", "{a b}"],
)
def test_what_is_no_template_is_refused(template: str) -> None:
    with pytest.raises(RouteError):
        parse_route(template)


def test_literals_come_before_constraints_before_parameters_before_catch_alls() -> None:
    templates = ["a/{*rest}", "a/{id}", "a/b", "a/{id:int}", "a/{*rest:file}"]
    routes = sorted((parse_route(template) for template in templates), key=lambda route: route.rank)
    assert [route.template for route in routes] == ["a/b", "a/{id:int}", "a/{id}", "a/{*rest:file}", "a/{*rest}"]


@given(st.text(min_size=1).filter(lambda text: "/" not in text and "%" not in text))
def test_a_parameter_gives_back_any_text(text: str) -> None:
    path = quote(text, safe="", errors="surrogatepass")
    values = parse_route("x/{value}").match(f"x/{path}")
    assert values is not None
    assert quote(values["value"], safe="", errors="surrogatepass") == path or "\ufffd" in values["value"]


@given(st.lists(st.text("abc/{}:.", max_size=6), max_size=4))
def test_parsing_any_template_ends_well_or_in_a_route_error(parts: list[str]) -> None:
    try:
        route = parse_route("/".join(parts))
    except RouteError:
        return
    route.match("a/b/c")
