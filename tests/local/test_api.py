import json
from collections.abc import Iterator

import pytest

from builder.spec import DatasetSpec, LabelSpec
from local.api import ApiError, Client, Dataset, RefusedError
from local.processes import free_port
from tests.local.fake_api import ID, FakeApi, Json, dataset, label, serving


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with serving() as api:
        yield api


def test_create_sends_the_spec_and_reads_the_dataset(api: FakeApi) -> None:
    api.answer("POST /datasets", dataset("queued"), status=202)
    spec = DatasetSpec(name="pandas", labels=(LabelSpec(name="red panda"),), images_per_label=3)
    assert Client(api.url).create(spec) == Dataset(id=ID, name="pandas", state="queued")
    assert DatasetSpec.model_validate_json(api.asked[0][1]) == spec


def test_an_answer_may_say_more_than_is_known(api: FakeApi) -> None:
    api.answer(f"GET /datasets/{ID}", {**dataset("building", label("cat", 1, failed_shards=0)), "news": 1})
    assert Client(api.url).dataset(ID).progress.labels[0].accepted == 1


@pytest.mark.parametrize(
    ("status", "kind"), [(404, RefusedError), (409, RefusedError), (500, ApiError), (503, ApiError)]
)
def test_errors_are_told_apart(api: FakeApi, status: int, kind: type[ApiError]) -> None:
    api.answer(f"POST /datasets/{ID}/cancel", {"title": "No", "detail": "It is over."}, status=status)
    with pytest.raises(ApiError, match=f"{status} to POST /datasets/{ID}/cancel: It is over") as raised:
        Client(api.url).cancel(ID)
    assert type(raised.value) is kind


def test_an_answer_that_is_no_problem_document_is_quoted(api: FakeApi) -> None:
    api.answer(f"GET /datasets/{ID}", b"<h1>Bad gateway</h1>", status=502)
    with pytest.raises(ApiError, match="<h1>Bad gateway</h1>"):
        Client(api.url).dataset(ID)


def test_nobody_there_is_an_error_in_words() -> None:
    with pytest.raises(ApiError, match="does not answer"):
        Client(f"http://127.0.0.1:{free_port()}").dataset(ID)


def test_a_download_asks_for_a_link_and_follows_it(api: FakeApi) -> None:
    link: Json = {"url": f"{api.url}/blob?sig=1", "expires": "2026-01-01T00:00:00Z"}
    api.answer(f"GET /datasets/{ID}/exports/imagefolder/link?file=a%2Fb%20c.zip", link)
    api.answer("GET /blob?sig=1", b"bytes")
    assert b"".join(Client(api.url, "pxc_1").download(ID, "imagefolder", "a/b c.zip")) == b"bytes"
    assert api.credentials == ["Bearer pxc_1", None], "the link is another host's, and needs none"
    api.answers["GET /blob?sig=1"] = [(403, b"")]
    with pytest.raises(ApiError, match=r"download of a/b c\.zip failed \(403\)$"):  # and not the link's signature
        list(Client(api.url).download(ID, "imagefolder", "a/b c.zip"))
    nobody = {**link, "url": f"http://127.0.0.1:{free_port()}/blob?sig=1"}
    api.answers[f"GET /datasets/{ID}/exports/imagefolder/link?file=a%2Fb%20c.zip"] = [
        (200, json.dumps(nobody).encode())
    ]
    with pytest.raises(ApiError, match=r"failed \(ConnectionError\)$"):
        list(Client(api.url).download(ID, "imagefolder", "a/b c.zip"))


def test_exports_are_listed(api: FakeApi) -> None:
    file = {"name": "x.zip", "bytes": 3, "sha256": "00"}
    api.answer(f"GET /datasets/{ID}/exports", {"exports": [{"format": "webdataset", "files": [file]}]})
    (export,) = Client(api.url).exports(ID)
    assert json.loads(export.model_dump_json()) == {"format": "webdataset", "files": [file]}
