from local.gallery.topics import TOPICS
from local.processes import wait_until
from tests.e2e.conftest import Stack

TOPIC = next(iter(TOPICS))


def start(stack: Stack, images: int = 30) -> str:
    return stack.create(name="lifecycle", labels=[{"name": TOPIC}], images_per_label=images, sources=["sample"])


def test_cancel_keeps_what_is_there_and_works_once(stack: Stack) -> None:
    dataset = start(stack)
    stack.until(dataset, lambda found: found["stage"] == "collecting")
    assert stack.api.post(f"/datasets/{dataset}/cancel").json()["state"] == "cancelled"
    again = stack.api.post(f"/datasets/{dataset}/cancel")
    assert (again.status_code, again.headers["content-type"]) == (409, "application/problem+json")
    assert stack.get(dataset)["state"] == "cancelled"


def test_delete_while_building_leaves_nothing(stack: Stack) -> None:
    dataset = start(stack)
    stack.until(dataset, lambda found: found["stage"] == "collecting")
    assert stack.api.delete(f"/datasets/{dataset}").status_code == 202
    assert stack.api.get(f"/datasets/{dataset}").status_code == 404
    assert stack.api.delete(f"/datasets/{dataset}").status_code == 404
    assert dataset not in {one["id"] for one in stack.api.get("/datasets").json()["datasets"]}
    wait_until(lambda: stack.left_of(dataset) == [], 60, "the removal of all parts")


def test_what_the_sources_do_not_have_is_said(stack: Stack) -> None:
    dataset = stack.create(name="dry", labels=[{"name": TOPIC}], images_per_label=5_000, sources=["sample"])
    found = stack.finished(dataset, 120)
    assert found["state"] == "incomplete"
    label = found["progress"]["labels"][0]
    assert label["accepted"] == TOPICS[TOPIC].pictures
    assert all(source["dry"] for source in found["progress"]["sources"])


def test_nothing_found_is_a_failure_with_a_sentence(stack: Stack) -> None:
    dataset = stack.create(name="none", labels=[{"name": "zzyzx qqq"}], images_per_label=5, sources=["sample"])
    found = stack.finished(dataset)
    assert found["state"] == "failed"
    assert "sample" in found["error"]


def test_a_list_of_urls_becomes_a_dataset(stack: Stack) -> None:
    donor = start(stack, 6)
    stack.finished(donor)
    good = [row["url"] for row in stack.images(donor, verdict="accepted")]
    csv = (
        "url,label,licence\n" + "".join(f"{url},listed,CC0\n" for url in good) + "http://127.0.0.1:1/x.jpg,listed,CC0\n"
    )
    kept = stack.api.post("/url-lists", content=csv.encode(), headers={"content-type": "text/csv"}).json()
    assert kept["labels"] == {"listed": 7}
    dataset = stack.create(
        name="urls",
        labels=[{"name": "listed"}, {"name": "inline", "urls": ["http://169.254.169.254/latest/meta-data"]}],
        images_per_label=6,
        sources=["urls"],
        url_list=kept["id"],
    )
    found = stack.finished(dataset)
    assert found["state"] == "incomplete"
    rows = stack.images(dataset)
    assert sorted(row["url"] for row in rows if row["verdict"] == "accepted") == sorted(good)
    refused = {row["url"]: row["reason"] for row in rows if row["verdict"] == "failed"}
    assert refused == dict.fromkeys(
        ["http://127.0.0.1:1/x.jpg", "http://169.254.169.254/latest/meta-data"], "address_refused"
    )
    assert {row["licence"] for row in rows if row["label"] == "listed"} == {"CC0"}
