"""The environments' files have one shape, and main.bicep uses all of it."""

import json
import re
from typing import Any

import pytest
import yaml

from tests.infra.reading import INFRA, ROOT, data

MAIN = (INFRA / "main.bicep").read_text()


def paths(node: dict[str, Any], prefix: str = "") -> set[str]:
    """Dotted names of all values; what lies below secrets and appSettings is free."""
    found: set[str] = set()
    for name, value in node.items():
        inner = isinstance(value, dict) and name not in {"secrets", "appSettings"}
        found |= paths(value, f"{prefix}{name}.") if inner else {f"{prefix}{name}"}
    return found


def test_both_have_what_main_reads_and_nothing_else() -> None:
    read = set(re.findall(r"(?<!/)\bsettings\.([A-Za-z.]+)", MAIN))
    assert paths(data("environments/dev.json")) == read
    assert paths(data("environments/prod.json")) == read


def test_production_is_in_several_zones_and_locked() -> None:
    prod = data("environments/prod.json")
    assert prod["storage"]["sku"] == "Standard_ZRS"
    assert prod["cosmos"]["zoneRedundant"]
    assert prod["runtime"]["zoneRedundant"]
    assert all(group["instanceCount"] >= 2 for group in prod["runtime"]["alwaysReady"]), (
        "a zone redundant group needs 2"
    )
    assert prod["deleteLocks"]
    assert prod["purgeProtection"]


def test_development_costs_nothing_while_nobody_builds() -> None:
    dev = data("environments/dev.json")
    assert dev["runtime"]["alwaysReady"] == []
    assert dev["cosmos"]["mode"] == "serverless"
    assert dev["scheduler"]["sku"] == "Consumption"


@pytest.mark.parametrize("profile", ["dev", "prod"])
def test_the_backend_is_that_of_host_json(profile: str) -> None:
    """The platform's scaling reads it there and nowhere else: with another, orchestrations are not scaled."""
    durable = json.loads((ROOT / "host.json").read_text())["extensions"]["durableTask"]
    provider = durable.get("storageProvider", {"type": "AzureStorage"})
    backends = {"azureManaged": "scheduler", "AzureStorage": "azureStorage"}
    assert data(f"environments/{profile}.json")["durableBackend"] == backends[provider["type"]]
    if provider["type"] == "azureManaged":
        assert f"{provider['connectionStringName']}:" in (INFRA / "core/settings.bicep").read_text()


def test_azd_gives_parameters_that_main_has() -> None:
    given = data("main.parameters.json")["parameters"]
    assert set(given) <= set(re.findall(r"^param (\w+)", MAIN, re.MULTILINE))


def test_the_hook_is_there_and_gets_what_it_needs() -> None:
    azd = yaml.safe_load((ROOT / "azure.yaml").read_text())
    for system, shell in azd["hooks"]["postdeploy"].items():
        script = (ROOT / shell["run"]).read_text()
        names = set(re.findall(r"\b(?:AZURE_RESOURCE_GROUP|PIXCRAWLER_\w+)", script))
        assert names, system
        assert names <= set(re.findall(r"^output (\w+)", MAIN, re.MULTILINE))
        given = set(re.findall(r"\b([a-z]+[A-Z]\w*)=", script.split("--parameters")[1]))
        assert given == set(re.findall(r"^param (\w+)", (INFRA / "core/subscriptions.bicep").read_text(), re.MULTILINE))


def test_the_runtime_is_the_python_that_is_tested() -> None:
    (version,) = re.findall(
        r"runtime: \{ name: 'python', version: '([\d.]+)' \}", (INFRA / "core/runtime.bicep").read_text()
    )
    pyproject = (ROOT / "pyproject.toml").read_text()
    assert f'python_version = "{version}"' in pyproject


def test_the_health_check_asks_a_path_that_there_is() -> None:
    (path,) = re.findall(r"healthCheckPath: '(.*)'", (INFRA / "core/runtime.bicep").read_text())
    prefix = json.loads((ROOT / "host.json").read_text())["extensions"]["http"]["routePrefix"]
    assert path == f"/{prefix}/v1/health/live"
