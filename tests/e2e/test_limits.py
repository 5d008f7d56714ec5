"""What a build was estimated at, what it came to, and what the tenant's usage says of it."""

from local.gallery.topics import TOPICS
from tests.e2e.conftest import Stack

TOPIC = list(TOPICS)[-1]
SPEC = {"name": "limits", "labels": [TOPIC], "images_per_label": 12, "sources": ["sample"], "max_cost": 1.0}
FACTOR = 3
"""How far a first estimate may be off, which knows nothing of the gallery."""


def images_of_the_month(stack: Stack) -> int:
    return int(stack.api.get("/usage").json()["quotas"]["images_per_month"]["used"])


def test_a_build_is_estimated_counted_and_priced(stack: Stack) -> None:
    before = images_of_the_month(stack)
    rehearsed = stack.api.post("/datasets", params={"dry_run": "true"}, json=SPEC)
    assert rehearsed.status_code == 200, rehearsed.text
    assert rehearsed.headers["ratelimit"].startswith('"requests";r=')
    plan = rehearsed.json()
    dataset = stack.create(**SPEC)
    assert dataset in stack.api.get("/usage").json()["builds"]
    done = stack.finished(dataset)
    assert (done["state"], done["max_cost"]) == ("ready", 1.0)
    assert plan["cost"]["total"] / FACTOR <= done["cost"]["total"] <= plan["cost"]["total"] * FACTOR
    usage = stack.api.get("/usage").json()
    assert dataset not in usage["builds"]
    assert images_of_the_month(stack) - before >= 12
    assert usage["quotas"]["stored_bytes"]["used"] > 12 * 1_000
