"""What alerts and workbook ask for is what the app tells: their queries, held against the telemetry of real work."""

import json

import httpx
import pytest
from azure.cosmos import CosmosClient

from local.cosmos import DEFAULT_KEY
from local.gallery.topics import TOPICS
from local.processes import wait_until
from tests.e2e.conftest import Stack
from tests.ingestion import Ingestion
from tools.watching.queries import WATCHING, Read, queries, read, unmet
from tools.watching.telemetry import Tables, rows, schema

RULES = json.loads((WATCHING / "alerts.json").read_text())
LOOKED_UP = json.loads((WATCHING / "tables.json").read_text())["tables"]
RARE = {
    "AppRequests: no ResultCode == '429'",
    "AppRequests: no ResultCode in '429'",
    "AppRequests: no ResultCode in '503'",
}
"""Limits that are reached and stores that are down: other tests' concern, on stacks of their own."""
WANTED = {
    ("pixcrawler.builds", "state", "ready"),
    ("pixcrawler.builds.ended", "state", "ready"),
    ("pixcrawler.builds.ended", "state", "failed"),
    ("pixcrawler.builds.ended", "state", "lost"),
    ("pixcrawler.duplicates", "reason", "exact_duplicate"),
    ("pixcrawler.engine.errors", "engine", "duckduckgo"),
    ("pixcrawler.shards", "state", "failed"),
    ("pixcrawler.step.duration", "step", "give_up_shard"),
    ("pixcrawler.step.duration", "outcome", "failed"),
}


def told(ingestion: Ingestion) -> set[tuple[str, str, str]]:
    """(metric, label, value) of all that came."""
    return {
        (row["Name"], label, str(value))
        for row in rows(ingestion.envelopes()).get("AppMetrics", [])
        for label, value in row["Properties"].items()
    }


def by_hand(stack: Stack, function: str, message: str = "") -> None:
    """Have the host run a function."""
    asked = f"http://127.0.0.1:{stack.ports['HOST']}/admin/functions/{function}"
    assert httpx.post(asked, json={"input": message}).status_code == 202


def lose(stack: Stack, dataset: str) -> None:
    """Have a dataset that has ended say that it is being built, as if its orchestration had been lost."""
    client = CosmosClient(f"http://127.0.0.1:{stack.ports['COSMOS']}", DEFAULT_KEY)
    documents = client.get_database_client("pixcrawler").get_container_client("datasets")
    [document] = documents.query_items(
        "SELECT * FROM c WHERE c.id = @id",
        parameters=[{"name": "@id", "value": dataset}],
        enable_cross_partition_query=True,
    )
    documents.upsert_item({**document, "state": "building"})


@pytest.fixture(scope="module")
def tables(stack: Stack, ingestion: Ingestion) -> Tables:
    """What the app tells of a build that succeeds, one that fails, one that is lost, a shard that is given up, a poison
    message that cannot be read, and requests whose bodies are large.
    """
    label = next(iter(TOPICS))
    built = {"labels": [{"name": label}], "images_per_label": 5}
    ready = stack.create(name="watched", sources=["sample"], **built)
    failed = stack.create(name="watched in vain", sources=["duckduckgo"], **built)
    by_hand(stack, "give_up_shard", "no JSON")
    for method, path in (("PUT", f"/uploads/{ready}/content"), ("POST", "/url-lists"), ("POST", "/validation/analyze")):
        assert not stack.api.request(method, path, content=b"x").is_server_error
    assert stack.finished(ready)["state"] == "ready"
    assert stack.finished(failed)["state"] == "failed"
    lose(stack, ready)
    by_hand(stack, "give_up_shard", json.dumps({"ContainerName": "raw", "BlobName": f"{ready}/{label}-00000.tar"}))
    wait_until(lambda: ("pixcrawler.shards", "state", "failed") in told(ingestion), 20, "the shard being given up")
    by_hand(stack, "reconcile")
    assert stack.finished(ready)["state"] in {"ready", "incomplete"}, "built once more"
    wait_until(lambda: told(ingestion) >= WANTED, 20, "telemetry of all of it")
    return rows(ingestion.envelopes())


WRONG = {
    # the query, what stands in it, what is put there, what is said of it
    "metric": (
        "engines",
        "pixcrawler.engine.errors",
        "pixcrawler.engine.error",
        "no Name in 'pixcrawler.engine.error'",
    ),
    "key": ("reasons", "Properties.reason", "Properties.why", "no why in Properties"),
    "label": ("poison-messages", "give_up_shard", "give_up", "no Properties.step == 'give_up'"),
    "role": ("requests", '"pixcrawler"', '"pix"', "no AppRoleName == 'pix'"),
    "column": ("latency", "DurationMs", "Duration", "'Duration' does not refer to any known"),
    "table": ("builds", "AppMetrics", "AppEvents", "'AppEvents' does not refer to any known"),
}


@pytest.fixture(scope="module")
def found(tables: Tables) -> dict[str, Read]:
    """The queries as they are, copies with one name changed, and alerts taken by what they are split by."""
    asked = queries()
    assert all(right in asked[name] for name, right, _, _ in WRONG.values())
    changed = {f"wrong {kind}": asked[name].replace(right, wrong) for kind, (name, right, wrong, _) in WRONG.items()}
    split = {
        f"{rule['name']} by {column}": f"{asked[rule['name']]}\n| project strlen({column})"
        for rule in RULES
        for column in rule["splitBy"]
    }
    return read(asked | changed | split, LOOKED_UP | schema(tables))


@pytest.mark.parametrize("name", queries())
def test_a_query_is_sound_and_finds_what_it_looks_for(found: dict[str, Read], tables: Tables, name: str) -> None:
    assert found[name].faults == ()
    assert found[name].chains
    assert set(unmet(found[name], tables)) <= RARE


@pytest.mark.parametrize("split", [f"{rule['name']} by {one}" for rule in RULES for one in rule["splitBy"]])
def test_what_an_alert_is_split_by_is_text_in_the_answer(found: dict[str, Read], split: str) -> None:
    assert found[split].faults == ()


@pytest.mark.parametrize("kind", WRONG)
def test_a_name_that_the_app_does_not_use_is_found(found: dict[str, Read], tables: Tables, kind: str) -> None:
    query = found[f"wrong {kind}"]
    assert any(WRONG[kind][-1] in line for line in (*query.faults, *unmet(query, tables)))
