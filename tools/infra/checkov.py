"""Runs checkov over what infra/ deploys: insecure settings that a schema allows.

Checkov's own parser stops at half of this Bicep (types, lambdas, `!`), and it does not know parameters. So it is given
what each environment deploys, as ARM templates. `make setup` gives it an environment of its own. A check that does not
fit is skipped in the resource, `// checkov:skip=CKV_AZURE_1: why`; no reason, or no need, is a finding.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from tools.infra import values as v
from tools.infra.environments import deployments
from tools.infra.program import Deployment
from tools.infra.report import Finding, Place

BINARY = Path(sys.prefix) / "checkov/bin/checkov"
SKIP = re.compile(r"//\s*checkov:skip=(?P<check>[A-Z0-9_]+)(?::\s*(?P<reason>.*))?")
ENOUGH = 20  # characters: less is no reason
SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"


class CheckovError(Exception):
    """Checkov did not come to a result."""


def run(root: Path) -> list[Finding]:
    """Return what checkov finds in what the templates under `root` deploy. Raises CheckovError."""
    deployed = deployments(root)
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        for environment, resources in deployed.items():
            (folder / f"{environment}.json").write_text(json.dumps(template(resources), indent=1))
        answer = ask(folder)
    skips = {path: dict(skipped(path)) for path in sorted(root.resolve().rglob("*.bicep"))}
    needed: set[tuple[Path, int]] = set()
    environments: dict[tuple[Place, str], set[str]] = {}
    for failed in answer:
        environment = Path(failed["file_path"]).stem
        names = zip(deployed[environment], named(deployed[environment]), strict=True)
        origin = next(one.declared for one, name in names if failed["resource"] == f"{kind(one)}.{name}")
        path, check = origin.at.path.resolve(), failed["check_id"]
        lines = [
            line for line, skip in skips[path].items() if origin.at.line <= line <= origin.end and skip[0] == check
        ]
        needed |= {(path, line) for line in lines}
        if not lines:
            environments.setdefault((origin.at, f"{check}: {failed['check_name']}"), set()).add(environment)
    made = [Finding(at, "checkov", f"{what} ({', '.join(sorted(of))})") for (at, what), of in environments.items()]
    for path, found in skips.items():
        for line, (check, reason) in found.items():
            if len(reason) < ENOUGH:
                made.append(Finding(Place(path, line), "checkov", f"{check} is skipped without a reason"))
            elif (path, line) not in needed:
                made.append(Finding(Place(path, line), "checkov", f"{check} is skipped, and does not fail"))
    return sorted(made)


def ask(folder: Path) -> list[dict[str, Any]]:
    """Return the checks that fail for the ARM templates in `folder`. Raises CheckovError, also if one is not read."""
    if not BINARY.exists():
        raise CheckovError(f"checkov is not at {BINARY}: run `make setup`")
    command: list[str | Path] = [
        BINARY,
        "-d",
        folder,
        "--framework",
        "arm",
        "--skip-download",
        "--compact",
        "-o",
        "json",
    ]
    # It asks the network for nothing then, and if it did: a proxy that is not there answers nothing.
    offline = os.environ | dict.fromkeys(("http_proxy", "https_proxy"), "http://127.0.0.1:9") | {"LOG_LEVEL": "ERROR"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=offline)  # noqa: S603
    try:
        answer = json.loads(done.stdout)
    except ValueError as error:
        raise CheckovError(f"checkov gave no JSON: {done.stderr.strip()[-500:]}") from error
    if not answer.get("results") or answer["results"]["parsing_errors"] or not answer["summary"]["resource_count"]:
        raise CheckovError(f"checkov did not read the templates: {answer.get('summary', answer)}")
    failed: list[dict[str, Any]] = answer["results"]["failed_checks"]
    return failed


def template(resources: list[Deployment]) -> dict[str, Any]:
    """Return the ARM template of what one environment deploys."""
    made = []
    for resource, name in zip(resources, named(resources), strict=True):
        body = {key: arm(inner) for key, inner in resource.body.fields.items() if key not in {"parent", "scope"}}
        made.append({"type": kind(resource), "apiVersion": resource.type.partition("@")[2]} | body | {"name": name})
    return {"$schema": SCHEMA, "contentVersion": "1.0.0.0", "resources": made}


def arm(value: v.Value) -> Any:
    """Return a value as ARM has it; what only Azure knows is an expression there."""
    match value:
        case v.Known():
            return value.data
        case v.Record():
            return {key: arm(inner) for key, inner in value.fields.items()}
        case v.Items():
            return [arm(inner) for inner in value.items]
        case v.Choice():
            return arm(value.options[0])
    return "[reference('another')]"


def kind(resource: Deployment) -> str:
    """Return the resource type without its version."""
    return resource.type.partition("@")[0]


def named(resources: list[Deployment]) -> list[str]:
    """Return the name of each resource; those that share type and name, under different parents, are numbered."""
    seen: Counter[tuple[str, str]] = Counter()
    made = []
    for resource in resources:
        name = str(arm(resource.body.fields.get("name", v.Known(resource.declared.at, ""))))
        seen[kind(resource), name] += 1
        number = seen[kind(resource), name]
        made.append(name if number == 1 else f"{name}-{number}")
    return made


def skipped(path: Path) -> list[tuple[int, tuple[str, str]]]:
    """Return the suppressions in a file: line, and the check with the reason."""
    lines = enumerate(path.read_text().splitlines(), 1)
    found = [(line, skip) for line, text in lines if (skip := SKIP.search(text))]
    return [(line, (skip["check"], (skip["reason"] or "").strip())) for line, skip in found]
