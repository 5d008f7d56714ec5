from pathlib import Path

import pytest

from tools.infra import syntax as s
from tools.infra import values as v
from tools.infra.evaluate import Evaluator
from tools.infra.parse import parse
from tools.infra.report import Report


def evaluated(tmp_path: Path, text: str) -> tuple[object, Report]:
    """The value of the variable `it` of a file, and what was found on the way."""
    path, report = tmp_path / "file.bicep", Report()
    path.write_text(text)
    template = parse(path, report)

    def lookup(name: str) -> v.Value | None:
        found = template.variables.get(name)
        return Evaluator(template, lookup, report).value(found.value, {}) if found else None

    value = lookup("it")
    assert value
    return v.plain(value), report


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("filter([1, 2, 3], x => x > 1)", [2, 3]),
        ("map([{ a: 1 }, { a: 2 }], x => x.a + 1)", [2, 3]),
        ("[for (x, i) in ['a', 'b']: '${x}${i}']", ["a0", "b1"]),
        ("[\n  toLower('A')\n  json('{\"b\": 2}').b\n  [3][0]\n]", ["a", 2, 3]),
        ("union({ a: { b: 1 } }, { a: { c: 2 } })", {"a": {"b": 1, "c": 2}}),
        ("{ a: null }.a ?? 'none'", "none"),
        ("{ a: 1 }.?b ?? 'none'", "none"),
        ("true || missing ? 'it\\'s' : 'no'", "it's"),
        ("take(replace(toLower('Ab-C-d'), '-', ''), 3)", "abc"),
        ("toObject(['a'], x => x, x => length(x))", {"a": 1}),
        ("'''\nas it ${is}'''", "as it ${is}"),
    ],
)
def test_expressions_come_to_what_bicep_makes_of_them(tmp_path: Path, text: str, expected: object) -> None:
    value, report = evaluated(tmp_path, f"var it = {text}\n")
    assert (value, report.sorted()) == (expected, [])


def test_a_file_that_is_not_bicep_is_told_by_line(tmp_path: Path) -> None:
    report, path = Report(), tmp_path / "file.bicep"
    path.write_text("var a = 1\nvar b = { c: 1 d: 2 }\nvar e = { ...a }\n")
    parse(path, report)
    assert {finding.place.line for finding in report.sorted()} == {2, 3}
    assert {finding.kind for finding in report.sorted()} == {"syntax"}


@pytest.mark.parametrize(
    "text",
    [
        "resource a 'Some/type@2025-01-01' = \n  name: 'x'\n}\n",
        "module b 'c.bicep = {\n}\n",
        "var a = true ? 1 2\n",
        "var a = [for one of []: one]\n",
    ],
)
def test_what_breaks_off_is_told_and_not_stumbled_over(tmp_path: Path, text: str) -> None:
    report, path = Report(), tmp_path / "file.bicep"
    path.write_text(text)
    parse(path, report)
    assert {finding.kind for finding in report.sorted()} == {"syntax"}


def test_decorators_belong_to_the_type(tmp_path: Path) -> None:
    path = tmp_path / "file.bicep"
    path.write_text("@secure()\n@minLength(2)\nparam a string\n@allowed([1, 2])\nparam b int\nparam c ('x' | 'y')[]?\n")
    parameters = parse(path, Report()).parameters
    assert parameters["a"].type == s.Type("string", limits=(("minLength", 2),), secure=True)
    assert [option.value for option in parameters["b"].type.options] == [1, 2]
    assert parameters["c"].type.options[1] == s.Type("null")
