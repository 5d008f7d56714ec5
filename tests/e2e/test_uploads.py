import httpx

from builder.zipstream import zip_chunks
from local.processes import wait_until
from tests.builder.photos import encoded, picture
from tests.e2e.conftest import Stack


def test_images_of_your_own_become_a_dataset(stack: Stack) -> None:
    files = {f"{'Red_Panda' if number % 2 else 'cat'}/no {number}.jpg": encoded(picture(number)) for number in range(8)}
    made = stack.api.post("/uploads", json={"kind": "images", "filename": "pets.zip"})
    assert made.status_code == 201, made.text
    upload, signed = made.json()["id"], made.json()["signed"]
    body = b"".join(zip_chunks({**files, "../up.jpg": b"x"}.items()))
    assert httpx.put(signed["url"], content=body, headers=signed["headers"]).status_code == 201
    wait_until(lambda: stack.api.get(f"/uploads/{upload}").json()["state"] == "ready", 30, "the upload being ready")
    report = stack.api.get(f"/uploads/{upload}").json()["report"]
    assert (report["labels"], report["passed_over"]) == ({"Red_Panda": 4, "cat": 4}, {"unsafe_path": 1})
    dataset = stack.create(
        name="own", labels=["cat", "red panda"], images_per_label=4, sources=["uploads"], uploads=[upload]
    )
    assert stack.finished(dataset)["state"] == "ready"
    rows = stack.images(dataset, verdict="accepted")
    assert {(row["label"], row["url"]) for row in rows} == {
        ("cat" if name.startswith("cat") else "red panda", f"upload://{upload}/{name.replace(' ', '%20')}")
        for name in files
    }
    assert stack.api.delete(f"/uploads/{upload}").status_code == 204
    assert stack.api.get(f"/uploads/{upload}").status_code == 404


def test_a_list_through_the_api_is_checked_too(stack: Stack) -> None:
    made = stack.api.post("/uploads", json={"kind": "urls", "filename": "list.csv"}).json()
    content = stack.api.put(f"/uploads/{made['id']}/content", content=b"url,label\nftp://a.example/1.jpg,cat\n")
    assert content.status_code == 202, content.text
    wait_until(
        lambda: stack.api.get(f"/uploads/{made['id']}").json()["state"] == "refused", 30, "the list being refused"
    )
    assert "line 2" in stack.api.get(f"/uploads/{made['id']}").json()["error"]
