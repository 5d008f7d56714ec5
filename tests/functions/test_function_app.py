import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import function_app  # noqa: F401 (declares all operations)
from functions.operations import OPERATIONS

ROOT = Path(__file__).parents[2]
MODULES = ("build.py", "deliver.py", "retention.py", "take_down.py", "tenants.py")
INDEX = """
import json, sys
from types import SimpleNamespace as Bag
from azure_functions_runtime import handle_event, http_v2
from azure_functions_runtime.bindings.meta import load_binding_registry

class Protos:
    class BindingInfo(Bag):
        inout, out, undefined = 2, 1, 0
    class RpcFunctionMetadata(Bag):
        pass

handle_event.protos = Protos
load_binding_registry()
handle_event.load_function_metadata(sys.argv[1], "test")
assert http_v2.HttpV2Registry.http_v2_enabled()
found = {one.name: [json.loads(binding) for binding in one.raw_bindings] for one in handle_event._metadata_result}
print(json.dumps(found))
"""
HEAVY = [
    "PIL",
    "numpy",
    "pyarrow",
    "openai",
    "imagehash",
    "aiohttp",
    "pycurl",
    "ddgs",
    "azure.cosmos",
    "azure.storage",
    "fastapi",
    "opentelemetry.sdk",
    "azure.monitor",
    "prometheus_client",
    "jwt",
    "cryptography",
    "requests",
    "click",
    "yarl",
    "builder.engines",
    "shared.steps.assemble",
]


def run(code: str, **environment: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-c", code, str(ROOT)],
        cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def indexed() -> dict[str, list[dict[str, Any]]]:
    """What the official worker library tells the host about the app: function -> bindings."""
    found: dict[str, list[dict[str, Any]]] = run(INDEX)
    return found


def triggers(indexed: dict[str, list[dict[str, Any]]], kind: str) -> dict[str, dict[str, Any]]:
    found = {name: [one for one in bindings if one["type"] == kind] for name, bindings in indexed.items()}
    return {name: bindings[0] for name, bindings in found.items() if bindings}


def test_the_official_worker_accepts_every_function(indexed: dict[str, list[dict[str, Any]]]) -> None:
    declared = run(
        "import json, function_app as it; print(json.dumps([f.get_function_name() for f in it.app.get_functions()]))"
    )
    assert set(indexed) == set(declared)


def test_every_route_is_below_the_version_and_anonymous(indexed: dict[str, list[dict[str, Any]]]) -> None:
    routes = {(one["methods"][0], one["route"]): one["authLevel"] for one in triggers(indexed, "httpTrigger").values()}
    assert set(routes) == {(one.method, one.path) for one in OPERATIONS}
    assert all(path.startswith("v1/") for _, path in routes)
    assert {str(level).lower() for level in routes.values()} == {"anonymous"}


def test_durable_functions_are_what_the_orchestrators_call(indexed: dict[str, list[dict[str, Any]]]) -> None:
    orchestrators = {"build_dataset", "collect_labels", "collect_label", "delete_dataset", "deliver_webhook"}
    orchestrators |= {"take_down", "erase_tenant_data", "export_tenant_data", "cool_dataset"}
    assert orchestrators <= set(triggers(indexed, "orchestrationTrigger"))
    source = "".join((ROOT / "functions" / name).read_text() for name in MODULES)
    activities = [name for name in triggers(indexed, "activityTrigger") if not name.startswith("BuiltIn")]
    assert [name for name in activities if f'"{name}"' not in source] == []


@pytest.mark.parametrize("source", ["EventGrid", "LogsAndContainerScan"])
def test_the_blob_trigger_takes_its_source_from_the_settings(source: str) -> None:
    blob = triggers(run(INDEX, PIXCRAWLER_BLOB_TRIGGER_SOURCE=source), "blobTrigger")["validate_raw_shard"]
    assert (blob["path"], blob["source"]) == ("raw/{dataset}/{shard}.tar", source)


def test_a_cold_start_does_not_pay_for_what_it_does_not_run() -> None:
    code = f"import json, sys, function_app; print(json.dumps([one for one in {HEAVY} if one in sys.modules]))"
    assert run(code) == []


def test_every_activity_and_trigger_is_seen_and_no_orchestrator() -> None:
    code = """
import json, function_app
found = [one for one in function_app.app.get_functions() if not one.get_function_name().startswith("BuiltIn")]
print(json.dumps([[one.get_trigger().type, getattr(one.get_user_function(), "seen", False)] for one in found]))
"""
    told = {(str(kind), bool(is_seen)) for kind, is_seen in run(code)}
    unseen = {("orchestrationTrigger", False), ("httpTrigger", False)}  # requests are seen by a stage
    assert told == unseen | {
        (kind, True) for kind in ("activityTrigger", "blobTrigger", "queueTrigger", "timerTrigger")
    }


def test_the_host_reads_no_blob_that_it_tells_of(indexed: dict[str, list[dict[str, Any]]]) -> None:
    blobs = triggers(indexed, "blobTrigger")
    assert set(blobs) == {"validate_raw_shard", "check_upload"}
    assert all(one["properties"] == {"SupportsDeferredBinding": True} for one in blobs.values())
    clients = triggers({"validate_raw_shard": indexed["validate_raw_shard"]}, "durableClient")
    assert clients["validate_raw_shard"]["durableRequiresGrpc"] is True, "deferring leaves other bindings as they are"
