"""Each check finds its fault in a copy of the real infra/ that has just this fault, and nothing else."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tools.infra.check import check

ROOT = Path(__file__).parents[3]
STORAGE = "Microsoft.Storage/storageAccounts@2025-01-01"

FAULTS = [
    # file, what is there, what is there instead, kind of the finding, part of its message
    ("core/identity.bicep", "location: location", "location: location]", "syntax", "does not parse"),
    ("core/storage.bicep", STORAGE, "Microsoft.Storage/storageAcounts@2025-01-01", "schema", "not in the dump"),
    (
        "core/storage.bicep",
        STORAGE,
        "Microsoft.Storage/storageAccounts@2015-01-01",
        "schema",
        "no API version 2015-01-01",
    ),
    (
        "core/storage.bicep",
        "allowSharedKeyAccess:",
        "allowShardKeyAccess:",
        "schema",
        "no property allowShardKeyAccess",
    ),
    ("core/storage.bicep", "minimumTlsVersion: 'TLS1_2'", "minimumTlsVersion: 'TLS12'", "schema", "none of TLS1_0"),
    ("core/storage.bicep", "allowSharedKeyAccess: false", "allowSharedKeyAccess: 'no'", "schema", "not bool"),
    ("core/runtime.bicep", "  location: location\n", "", "schema", "lacks location"),
    ("core/runtime.bicep", "app.properties.defaultHostName", "app.properties.hostName", "schema", "hostName"),
    ("core/cosmos.bicep", "continuousModeProperties", "continuousProperties", "schema", "continuousProperties"),
    (
        "main.bicep",
        "module identity 'core/identity.bicep'",
        "module identity 'core/identities.bicep'",
        "module",
        "no template",
    ),
    ("main.bicep", "planName: names.plan", "plansName: names.plan", "module", "no parameter plansName"),
    ("main.bicep", "    planName: names.plan\n", "", "module", "needs the parameter planName"),
    ("main.bicep", "taskHubName: taskHub", "taskHubName: 7", "type", "not string"),
    ("main.bicep", "taskHubName: taskHub", "taskHubName: settings.runtime", "type", "not string"),
    (
        "main.bicep",
        ": runtime.outputs.host\nvar",
        ": runtime.outputs.hostname\nvar",
        "reference",
        "no property hostname",
    ),
    ("main.bicep", "names.plan", "names.plans", "reference", "no property plans"),
    ("main.bicep", "empty(alertEmail)", "isEmpty(alertEmail)", "reference", "no function isEmpty"),
    ("main.bicep", "location: location", "location: region", "reference", "region is not declared"),
    ("main.bicep", "storageClosed ? 'Disabled'", "frontDoor ? 'Disabled'", "type", "a condition is bool, not object"),
    ("main.bicep", "empty(alertEmail)", "empty(alertEmail, 1)", "reference", "takes 1 arguments, not 2"),
    (
        "core/runtime.bicep",
        "union(tags, { 'azd-service-name': 'api' })",
        "union(tags)",
        "reference",
        "union takes 2 to many",
    ),
    ("core/subscriptions.bicep", "listKeys(", "listKesy(", "reference", "no function listKesy"),
    ("core/storage.bicep", "@minValue(1)", "@minimumValue(1)", "reference", "no decorator minimumValue"),
    ("core/storage.bicep", "@minValue(1)", "@minValue('1')", "type", "minValue is not given what it takes"),
    ("core/cosmos.bicep", "param mode string", "param mode int", "type", "parameter mode is"),
    ("core/subscriptions.bicep", "functionAppName string", "functionAppName int", "schema", "not string"),
    ("core/runtime.bicep", "  parent: app\n", "  parent: identityId\n", "reference", "the parent is no resource"),
    ("core/events.bicep", "  scope: topic\n", "  scope: tags\n", "reference", "the scope is no resource"),
    ("core/events.bicep", "  scope: topic\n", "  scope: diagnostics\n", "reference", "diagnostics needs itself"),
    ("edge/network.bicep", "  location: location\n", "", "schema", "lacks location"),
    ("main.bicep", "environments/prod.json", "environments/production.json", "file", "no file"),
    ("environments/dev.json", '"instanceMemoryMB": 2048', '"instanceMemoryMB": 2000', "type", "2000"),
    ("environments/dev.json", '"deleteLocks"', '"deletesLocks"', "parameters", "deleteLocks is missing"),
    ("main.parameters.json", '"environmentName"', '"environment"', "parameters", "needs the parameter environmentName"),
    ("main.parameters.json", "=dev}", "}", "parameters", "PIXCRAWLER_PROFILE may not be set"),
    ("main.bicep", "'st${short}${token}'", "'st${readable}${token}'", "name", "3-24 of a-z"),
    ("main.bicep", "'kv${short}${token}'", "'kv-${readable}-${token}'", "name", "3-24 of letters"),
    ("roles.json", "ba92f5b4", "ba92f5b5", "role", "Storage Blob Data Contributor"),
    ("main.bicep", "= runtime.outputs.name", "= runtime.outputs.name\nvar spare = 1", "unused", "the variable spare"),
    ("core/runtime.bicep", "@description('Name of the plan.')\n", "", "description", "planName"),
]
# What such a fault brings with it: a name that is no longer used, a length that the schema knows too.
ALSO = {
    "syntax": {"reference", "unused", "schema", "module"},
    "module": {"unused"},
    "type": {"unused"},
    "name": {"schema"},
    "parameters": {"reference", "type", "name", "schema"},
    "file": {"reference"},
}
DEPLOYED = {"name", "parameters"}


def test_the_infrastructure_has_no_faults() -> None:
    assert [str(finding) for finding in check(ROOT / "infra")] == []


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault[3]}: {fault[4]}")
def test_a_fault_is_found(broken: Callable[[str, str, str], Path], fault: tuple[str, str, str, str, str]) -> None:
    file, old, new, kind, message = fault
    findings = check(broken(file, old, new), deployed=kind in DEPLOYED or file.startswith("environments/"))
    assert [finding for finding in findings if finding.kind == kind and message in finding.message], findings
    assert {finding.kind for finding in findings} <= {kind} | ALSO.get(kind, set())


SECRETS = [
    "first.listKeys().keys[0].value",
    "'AccountKey=${listKeys(first.id, '2025-01-01').keys[0].value}'",
    "reference(insights.id).ConnectionString",
    "insights.properties.InstrumentationKey",
    "union({}, { inside: [hidden] }).inside[0]",
    "through",
]


@pytest.mark.parametrize("value", SECRETS)
def test_a_secret_in_an_output_is_found(broken: Callable[[str, str, str], Path], value: str) -> None:
    root = broken("core/identity.bicep", "output id string", f"""output leak string = {value}
resource first '{STORAGE}' existing = {{ name: 'first' }}
resource insights 'Microsoft.Insights/components@2020-02-02' existing = {{ name: 'second' }}
@description('A password.')
@secure()
param hidden string = ''
var through = first.listKeys().keys[0].value

@description('Resource id.')
output id string""")  # fmt: skip
    assert [
        finding
        for finding in check(root, deployed=False)
        if finding.kind == "secret" and "output leak" in finding.message
    ]
