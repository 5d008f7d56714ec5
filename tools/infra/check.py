"""All checks of infra/ but checkov's, in one call."""

from pathlib import Path

from tools.infra.environments import check_environments
from tools.infra.program import Pass, Program
from tools.infra.references import check_references
from tools.infra.report import Finding
from tools.infra.roles import check_table
from tools.infra.unused import check_reached, check_unused


def check(root: Path, *, deployed: bool = True) -> list[Finding]:
    """Return the faults of the templates under `root`; with `deployed` also those that show in an environment."""
    program = Program.load(root)
    for template in program.templates.values():
        Pass(program, template).run()
        check_references(template, program.report)
        check_unused(template, program.report)
    check_table(root / "roles.json", program.report)
    if deployed:
        check_environments(root, program)
    check_reached(program.templates, root / "main.bicep", root, program.report)
    return program.report.sorted()
