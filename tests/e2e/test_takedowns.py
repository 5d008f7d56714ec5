import io
import zipfile
from typing import Any

from local.gallery.topics import TOPICS
from local.processes import wait_until
from tests.e2e.conftest import Stack


def test_an_image_that_is_taken_down_goes_and_does_not_come_back(stack: Stack) -> None:
    spec: dict[str, Any] = {"labels": [{"name": next(iter(TOPICS))}], "images_per_label": 4, "sources": ["sample"]}
    dataset = stack.create(name="before", **spec)
    assert stack.finished(dataset)["state"] == "ready"
    row = stack.images(dataset, verdict="accepted")[0]
    path = f"/datasets/{dataset}/images/{row['key']}"
    data = stack.api.get(path).content

    asked = stack.api.post("/takedowns", json={"url": row["url"], "reason": "its owner asked"})
    assert asked.status_code == 202, asked.text
    where = f"/takedowns/{asked.json()['id']}"
    wait_until(lambda: stack.api.get(where).json()["state"] == "done", 60, "the end of the take-down")

    assert stack.api.get(path).status_code == 404
    again = next(one for one in stack.images(dataset) if one["key"] == row["key"])
    assert (again["verdict"], again["reason"], again["sha256"]) == ("failed", "taken_down", None)
    wait_until(lambda: bool(stack.api.get(f"/datasets/{dataset}/exports").json()["exports"]), 20, "the export anew")
    with zipfile.ZipFile(io.BytesIO(stack.export(dataset, "imagefolder"))) as archive:
        assert data not in [archive.read(name) for name in archive.namelist()]
    after = stack.create(name="after", **spec)
    stack.finished(after)
    assert row["sha256"] not in [one["sha256"] for one in stack.images(after)]

    lines = stack.api.get("/audit", params={"limit": 500}).json()["lines"]
    told = [(one["action"], one["outcome"]) for one in lines if asked.json()["id"] in one["facts"].values()]
    assert sorted(told) == [("takedown.create", "done"), ("takedown.finish", "done")]
    assert stack.api.delete(where).status_code == 204
