"""main.bicep as it would be deployed: each profile, its switches both ways, short and long names of environments."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tools.infra import syntax as s
from tools.infra import values as v
from tools.infra.fits import misfits
from tools.infra.program import Deployment, Pass, Program, required
from tools.infra.report import Place

SET_BY_AZD = {"AZURE_ENV_NAME", "AZURE_LOCATION"}
VARIABLE = re.compile(r"\$\{(\w+)(?:=([^}]*))?\}")
LOCATION = "australiacentral2"  # no region that holds this has a longer name


def check_parameters(path: Path, main: s.Template, program: Program) -> None:
    """Report what azd's parameter file gives that main.bicep does not take, or leaves out, or takes from nowhere."""
    lines = path.read_text().splitlines()
    given = json.loads("\n".join(lines))["parameters"]
    for name, entry in given.items():
        number = next((number for number, line in enumerate(lines, 1) if f'"{name}"' in line), 1)
        place = Place(path, number)
        if name not in main.parameters:
            program.report.add("parameters", place, f"main.bicep has no parameter {name}")
        for variable, default in VARIABLE.findall(json.dumps(entry)):
            if variable not in SET_BY_AZD and not default and f"${{{variable}=" not in json.dumps(entry):
                program.report.add(
                    "parameters", place, f"{variable} may not be set: give a default, ${{{variable}=...}}"
                )
    for parameter in main.parameters.values():
        if required(parameter) and parameter.name not in given:
            program.report.add("parameters", Place(path, 1), f"main.bicep needs the parameter {parameter.name}")


def check_environments(root: Path, program: Program) -> None:
    """Evaluate main.bicep, with its modules, as each environment would; report what is wrong there."""
    main = program.templates[(root / "main.bicep").resolve()]
    parameters = root / "main.parameters.json"
    check_parameters(parameters, main, program)
    files = sorted((root / "environments").glob("*.json"))
    check_shapes(files, program)
    longest, *others = environment_names(main)
    for file in files:
        for overrides in ({}, flipped(json.loads(file.read_text()))):
            deploy(root, program, file, overrides, longest)
    for environment in others:  # the names are the same in every profile
        deploy(root, program, files[0], {}, environment)


def environment_names(main: s.Template) -> Iterator[str]:
    """Yield names of environments as azd takes them, up to the longest that main.bicep allows."""
    limits = dict(main.parameters["environmentName"].type.limits)
    longest = limits.get("maxLength", 64)
    yield ("Ab-9" * 16)[: longest - 1] + "z"
    yield "9" * longest
    yield "a"


def arguments(path: Path, settings: dict[str, str]) -> dict[str, v.Value]:
    """Return what azd's parameter file gives, its variables replaced by `settings` or their defaults."""
    text = VARIABLE.sub(lambda found: settings.get(found[1], found[2] or ""), path.read_text())
    entries = json.loads(text)["parameters"]
    return {name: v.of(entry["value"], Place(path, 1)) for name, entry in entries.items()}


def flipped(settings: dict[str, Any]) -> dict[str, Any]:
    """Return the settings that turn every switch of an environment's file: options that are off are checked too."""
    made: dict[str, Any] = {}
    for key, value in settings.items():
        if isinstance(value, bool):
            made[key] = not value
        elif isinstance(value, dict) and (inner := flipped(value)):
            made[key] = inner
    return made


def deployments(root: Path) -> dict[str, list[Deployment]]:
    """Return what each environment deploys, with its options as they are and the other way round."""
    made = {}
    for file in sorted((root / "environments").glob("*.json")):
        for kind, overrides in (("", {}), ("-switched", flipped(json.loads(file.read_text())))):
            program = Program.load(root)
            deploy(root, program, file, overrides, "pixcrawler")
            made[f"{file.stem}{kind}"] = program.deployments
    return made


def deploy(root: Path, program: Program, file: Path, overrides: dict[str, Any], environment: str) -> None:
    """Evaluate main.bicep with one environment's parameters."""
    main = program.templates[(root / "main.bicep").resolve()]
    settings = {"AZURE_ENV_NAME": environment, "AZURE_LOCATION": LOCATION, "PIXCRAWLER_PROFILE": file.stem}
    given = arguments(root / "main.parameters.json", settings) | {"overrides": v.of(overrides, Place(file, 1))}
    for name, value in given.items():
        declared = main.parameters.get(name)
        for at, message in misfits(value, declared.type, main.types, name) if declared else ():
            program.report.add("type", at, message)
    Pass(program, main, {name: value for name, value in given.items() if name in main.parameters}).run()


def check_shapes(files: list[Path], program: Program) -> None:
    """Report settings that one environment's file has and another has not."""
    shapes = {file: set(leaves(json.loads(file.read_text()))) for file in files}
    for file, shape in shapes.items():
        for missing in sorted(set().union(*shapes.values()) - shape):
            program.report.add(
                "parameters", Place(file, 1), f"{missing} is missing, and another environment's file has it"
            )


def leaves(settings: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """Yield the paths of the settings in an environment's file; what is inside an object of free names is left out."""
    for key, value in settings.items():
        yield f"{prefix}{key}"
        if isinstance(value, dict) and key not in {"appSettings", "secrets"}:
            yield from leaves(value, f"{prefix}{key}.")
