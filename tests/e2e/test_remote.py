"""The client against the whole stack, by its commands as people give them."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from builder.remote.client import Client
from builder.remote.errors import RefusedError
from local.gallery.topics import TOPICS
from tests.e2e.conftest import ROOT, Stack

TOPIC = next(iter(TOPICS))


def test_a_dataset_is_built_watched_downloaded_and_deleted(stack: Stack, tmp_path: Path) -> None:
    environment = {**os.environ, "PIXCRAWLER_API": str(stack.api.base_url)}
    key = stack.data / "api-key"

    def remote(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "builder", "remote", *words, "--json", "--key-file", str(key)]
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    build = ["build", TOPIC, "--images", "12", "--source", "sample", "--out", str(tmp_path)]
    assert float(json.loads(remote(*build[:-2], "--dry-run").stdout)["cost"]["total"]) > 0
    done = remote(*build)
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert [label["accepted"] for label in told["progress"]["labels"]] == [12]
    (file,) = told["files"]
    with zipfile.ZipFile(file) as archive:
        assert sum(name.endswith((".jpg", ".png", ".webp", ".gif")) for name in archive.namelist()) >= 12
    client = Client(str(stack.api.base_url), key.read_text().strip())
    accepted = list(client.images(told["id"], verdict="accepted", page_size=5))
    assert len(accepted) == 12
    assert len(client.image(told["id"], accepted[0].key)) == accepted[0].size_bytes
    client.delete(told["id"])
    with pytest.raises(RefusedError) as raised:
        client.dataset(told["id"])
    assert (raised.value.status, raised.value.kind) == (404, "not-found")
