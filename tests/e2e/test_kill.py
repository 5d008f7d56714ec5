import signal
from pathlib import Path

import httpx

from local.gallery.topics import TOPICS
from local.processes import port_answers, wait_until
from tests.e2e.conftest import Stack

NAMES = list(TOPICS)[:2]


def build(stack: Stack) -> str:
    return stack.create(name="kill", labels=[{"name": one} for one in NAMES], images_per_label=35, sources=["sample"])


def images(stack: Stack, dataset: str) -> dict[str, tuple[str, str]]:
    rows = stack.images(dataset, verdict="accepted", limit=500)
    return {row["key"]: (row["sha256"], row["split"]) for row in rows}


def exports(stack: Stack, dataset: str) -> list[tuple[str, str]]:
    """Format and name of the listed files, each downloaded; none at all as long as one of them cannot be."""
    found = stack.api.get(f"/datasets/{dataset}/exports").json()["exports"]
    files = [(one["format"], file["name"], file["bytes"]) for one in found for file in one["files"]]
    try:
        assert all(len(stack.export(dataset, kind, name)) == size for kind, name, size in files)
    except httpx.HTTPStatusError:
        return []
    return [(kind, name) for kind, name, _ in files]


def kill(stack: Stack) -> None:
    """SIGKILL to the supervisor; its services end with it."""
    stack.down(signal.SIGKILL)
    wait_until(lambda: not any(port_answers(port) for port in stack.ports.values()), 20, "the end of every process")


def test_a_build_survives_sigkill_with_the_same_images(stack: Stack, tmp_path: Path) -> None:
    undisturbed = build(stack)  # while the other stack starts, and is killed
    victim = Stack(tmp_path)
    victim.up()
    try:
        dataset = build(victim)
        victim.until(dataset, lambda found: any(label["fetched"] for label in found["progress"]["labels"]))
        assert victim.get(dataset)["state"] == "building"
        kill(victim)
        victim.up()
        assert victim.finished(dataset)["state"] == "ready"
        assert stack.finished(undisturbed)["state"] == "ready"
        assert images(victim, dataset) == images(stack, undisturbed)
        kill(victim)  # at once: the files of the last seconds are in no index yet
        victim.up()
        expected = exports(stack, undisturbed)
        assert expected
        wait_until(lambda: exports(victim, dataset) == expected, 60, "the exports being back")
        assert victim.finished(dataset)["state"] == "ready"
        assert images(victim, dataset) == images(stack, undisturbed)
    finally:
        victim.down()
