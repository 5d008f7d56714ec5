"""The examples of the documentation, word for word, against a running stack."""

import json
import os
import re
import subprocess
from typing import Any

import httpx

import function_app  # noqa: F401 (declares all operations)
from functions.description.calls import calls, curl
from local.processes import wait_until
from tests.e2e.conftest import Stack
from tests.readme import ROOT

SECONDS = 60
STATUS = "\n%{http_code}"

# In an order in which each finds what it needs. The rest need a finished build or end what others need.
SHOWN = (
    "get_me", "list_datasets", "create_dataset", "get_dataset", "list_images", "cancel_dataset", "list_exports",
    "create_url_list", "create_upload", "get_upload", "put_upload_content", "list_uploads",
    "create_webhook", "get_webhook", "test_webhook", "list_deliveries", "delete_webhook", "list_webhooks",
    "create_key", "list_keys", "revoke_key", "get_usage", "health_live", "health_ready",
    "get_openapi", "read_docs", "get_collection", "delete_dataset_request",
)  # fmt: skip


def shell(stack: Stack, script: str, **variables: str) -> str:
    """What a script prints, with the variables that the documentation asks for."""
    told = {
        "PIXCRAWLER": f"http://127.0.0.1:{stack.ports['HOST']}",
        "API_KEY": (stack.data / "api-key").read_text().strip(),
    }
    done = subprocess.run(
        ["/bin/sh", "-ec", script],
        env={**os.environ, **told, **variables}, capture_output=True, text=True, timeout=SECONDS, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def test_the_walk_through_of_the_page_builds_a_dataset(stack: Stack) -> None:
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "docs/api.md").read_text(), re.DOTALL)
    printed = shell(stack, "set -u\n" + "\n".join(blocks))
    assert '"least_cost"' in printed
    assert printed.index("event: progress") < printed.rindex('"state":"ready"')
    assert printed.count('"verdict":"accepted"') == 3
    link = json.loads(re.findall(r'{"url":.*?}', printed)[-1])
    wait_until(lambda: httpx.get(link["url"]).status_code == 404, 30, "the last command having removed it")


def test_the_commands_of_the_description_do_what_it_says(stack: Stack) -> None:
    described: dict[str, Any] = stack.api.get("/openapi.json").json()
    found = {call.name: call for call in calls(described)}
    variables: dict[str, str] = {}
    for name in SHOWN:
        body, _, status = shell(stack, f"{curl(found[name])} -w '{STATUS}'", **variables).rpartition("\n")
        assert status in found[name].operation["responses"], f"{name}: {status}"
        assert int(status) < 400, f"{name}: {status} {body}"
        thing = {"create_dataset": "DATASET", "create_upload": "UPLOAD", "create_webhook": "WEBHOOK"}.get(name)
        if thing:
            variables[thing] = json.loads(body)["id"]
        if name == "create_key":
            variables["PREFIX"] = json.loads(body)["prefix"]


def test_requests_of_the_collection_are_answered(stack: Stack) -> None:
    collection = stack.api.get("/collection.json").json()
    key = (stack.data / "api-key").read_text().strip()
    items = [item["request"] for folder in collection["item"] for item in folder["item"]]
    wanted = ("GET {{address}}/api/v1/me", "POST {{address}}/api/v1/uploads", "GET {{address}}/api/v1/health/live")
    sent = [one for one in items if f"{one['method']} {one['url']['raw']}" in wanted]
    assert len(sent) == len(wanted)
    for one in sent:
        url = one["url"]["raw"].replace("{{address}}", f"http://127.0.0.1:{stack.ports['HOST']}")
        headers = {header["key"]: header["value"] for header in one["header"] if not header.get("disabled")}
        if "auth" not in one:
            headers["Authorization"] = f"Bearer {key}"
        answer = httpx.request(one["method"], url, headers=headers, content=one.get("body", {}).get("raw"))
        assert answer.is_success, answer.text
