import runpy

from shared.problem_types import TYPES
from tests.readme import ROOT

TOOL = runpy.run_path(str(ROOT / "tools/problems.py"))


def test_the_page_in_the_documentation_is_the_newest() -> None:
    assert (ROOT / "docs/problems.md").read_text() == TOOL["page"](), "run: python tools/problems.py"


def test_every_type_has_a_heading() -> None:
    assert {line[3:] for line in TOOL["page"]().splitlines() if line.startswith("## ")} == set(TYPES)
