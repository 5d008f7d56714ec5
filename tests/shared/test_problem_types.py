import ast
from pathlib import Path

import pytest

from shared.problem_types import TYPES, Problem, of_status
from shared.problems import TYPE_BASE, ProblemError, bad_parameter, too_many_builds

ROOT = Path(__file__).parents[2]


def raised() -> set[tuple[str, int, str]]:
    """Kind, status and title of every `ProblemError(...)` in the source."""
    found = set()
    for folder in ("shared", "functions"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "ProblemError":
                    status, kind, title = (ast.literal_eval(one) for one in node.args[:3])
                    found.add((kind, status, title))
    return found


def test_every_problem_that_is_raised_is_documented() -> None:
    documented = {(kind, one.status, one.title) for kind, one in TYPES.items()}
    assert raised() - documented == set(), "say in shared/problem_types.py what it means and what to do"
    assert documented - raised() == set(), "nothing raises these"


@pytest.mark.parametrize("kind", TYPES)
def test_a_type_says_what_to_do(kind: str) -> None:
    assert TYPES[kind].meaning.endswith(".")
    assert TYPES[kind].remedy.endswith(".")


def test_types_are_found_by_status() -> None:
    assert of_status(403) == ["forbidden", "quota-exceeded", "being-erased"]
    assert of_status(418) == []


@pytest.mark.parametrize("error", [bad_parameter("limit", "a whole number is wanted"), too_many_builds(3, 3)])
def test_problem_documents_are_what_the_model_says(error: ProblemError) -> None:
    told = Problem.model_validate(error.document("/api/v1/x"))
    assert told.type.removeprefix(TYPE_BASE) in TYPES
