"""The app's settings on Azure, in the sample and in the model are the same, but for what is named here."""

import json

import pytest

from shared.settings import Settings
from tests.infra.reading import INFRA, ROOT, data, declared, literals

SAMPLE: dict[str, str] = json.loads((ROOT / "local.settings.sample.json").read_text())["Values"]

ONLY_LOCAL = {
    "FUNCTIONS_WORKER_RUNTIME": "Flex Consumption takes it from functionAppConfig and refuses the setting",
    "AzureWebJobsStorage": "a connection string has a key; on Azure the identity and the addresses below",
    "PIXCRAWLER_COSMOS_KEY": "keys are off on Azure: the identity",
    "PIXCRAWLER_CREATE_RESOURCES": "on Azure the infrastructure makes them, and the identity may not",
    "PIXCRAWLER_SAMPLE_URL": "the gallery is on the local stack",
    "PIXCRAWLER_FETCH_ALLOW": "exceptions for that gallery",
}
ONLY_AZURE = {
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING": "the host's and the exporter's: identity instead of the key",
    "APPLICATIONINSIGHTS_CONNECTION_STRING": "there is none locally",
    "AzureWebJobsStorage__blobServiceUri": "identity instead of the connection string",
    "AzureWebJobsStorage__clientId": "identity instead of the connection string",
    "AzureWebJobsStorage__credential": "identity instead of the connection string",
    "AzureWebJobsStorage__queueServiceUri": "identity instead of the connection string",
    "AzureWebJobsStorage__tableServiceUri": "identity instead of the connection string",
    "DURABLE_TASK_SCHEDULER_CONNECTION_STRING": "there is no scheduler locally: Azure Storage, as the sample says",
}
NOT_OF_THE_MODEL = {
    "FUNCTIONS_WORKER_RUNTIME": "the host's",
    "PYTHON_THREADPOOL_THREAD_COUNT": "the worker's",
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING": "the exporter reads it itself",
    "AzureWebJobsStorage__credential": "the host's",
    "AzureWebJobsStorage__queueServiceUri": "the host's",
    "AzureWebJobsStorage__tableServiceUri": "the host's",
    "AzureFunctionsJobHost__extensions__durableTask__storageProvider__type": "the host's",
    "AzureFunctionsJobHost__extensions__durableTask__storageProvider__connectionStringName": "the host's",
    "DURABLE_TASK_SCHEDULER_CONNECTION_STRING": "the host's",
}
NOWHERE_SET = {
    "OTEL_EXPORTER_OTLP_ENDPOINT": "the host reads it too, and an empty one is not the same as none",
    "PIXCRAWLER_RETENTION_DAYS": "unset: datasets are kept",
    "PIXCRAWLER_UPLOAD_DAYS": "unset: uploads are kept",
    "PIXCRAWLER_SEARCH_PROXY": "unset: no proxy",
    "PIXCRAWLER_SEARCH_CA_FILE": "unset: no proxy",
}


def of_azure() -> dict[str, str]:
    """Setting -> value, or the Bicep that it comes from."""
    found: dict[str, str] = dict(data("core/app-settings.json"))
    for name in ("durable", "settings"):
        for literal in literals(declared("core/settings.bicep", name)):
            found |= {key: value for key, value in literal.items() if key.upper() == key or "__" in key}
    return found


def of_the_model() -> set[str]:
    return {field.alias or f"PIXCRAWLER_{name.upper()}" for name, field in Settings.model_fields.items()}


def test_azure_has_what_the_sample_has() -> None:
    assert set(of_azure()) - ONLY_AZURE.keys() == SAMPLE.keys() - ONLY_LOCAL.keys()
    assert ONLY_AZURE.keys() <= of_azure().keys()
    assert ONLY_LOCAL.keys() <= SAMPLE.keys()


def test_what_is_set_is_in_the_model_and_the_model_is_set() -> None:
    everywhere = set(of_azure()) | SAMPLE.keys()
    assert everywhere - NOT_OF_THE_MODEL.keys() == of_the_model() - NOWHERE_SET.keys()
    assert everywhere >= NOT_OF_THE_MODEL.keys()
    assert of_the_model() >= NOWHERE_SET.keys()


def test_values_are_valid_and_those_of_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in of_the_model():
        monkeypatch.delenv(name, raising=False)
    defaults = Settings()
    for name, value in data("core/app-settings.json").items():
        monkeypatch.setenv(name, value)
    assert Settings() == defaults, "a default that is written down twice must be written down as it is"


def test_the_sample_differs_from_azure_only_where_the_stack_does() -> None:
    common = data("core/app-settings.json")
    different = {name for name in SAMPLE.keys() & common.keys() if SAMPLE[name] != common[name]}
    assert different == {"PIXCRAWLER_BLOB_TRIGGER_SOURCE"}
    assert common["PIXCRAWLER_BLOB_TRIGGER_SOURCE"] == "EventGrid"


@pytest.mark.parametrize("profile", ["dev", "prod"])
def test_environments_name_settings_that_there_are(profile: str) -> None:
    environment = data(f"environments/{profile}.json")
    assert {*environment["secrets"], *environment["appSettings"]} <= of_the_model()
    assert all(not of_azure().get(name) for name in environment["secrets"]), "a reference may fill what is empty"


def test_nothing_is_told_to_azure_monitor_twice() -> None:
    text = "".join(path.read_text() for path in INFRA.rglob("*.bicep"))
    assert "PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY" not in text
