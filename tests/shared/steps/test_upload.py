import io

import pytest

from builder.urls import ListKind
from shared import quotas, uploads, usage
from shared.blobs import url_lists
from shared.problems import ProblemError
from shared.steps import upload
from shared.views import UrlListView

pytestmark = pytest.mark.usefixtures("stores")
ID = "1" * 32


def keep(owner: str, body: bytes, kind: ListKind = "text") -> UrlListView:
    return upload.keep_url_list(owner, ID, kind, io.BytesIO(body))


def test_a_list_is_kept_and_read_again(owner: str) -> None:
    kept = keep(owner, b"url,label\nhttp://a.example/1.jpg,cat\nhttp://a.example/2.jpg,\n", "csv")
    assert kept == UrlListView(id=ID, rows=2, labels={"cat": 1})
    assert upload.url_list_exists(owner, ID)
    document = uploads.get(owner, ID)
    assert (document.kind, document.state, document.filename) == ("urls", "ready", "list.csv")
    assert document.report is not None
    assert (document.report.entries, document.report.labels, document.report.unlabelled) == (2, {"cat": 1}, 1)
    rows = list(upload.read_url_list(url_lists(owner), ID))
    assert [(row.url, row.label) for row in rows] == [
        ("http://a.example/1.jpg", "cat"),
        ("http://a.example/2.jpg", None),
    ]


def test_a_list_belongs_to_its_owner(owner: str) -> None:
    keep(owner, b"http://a.example/1.jpg\n")
    assert not upload.url_list_exists(owner[::-1], ID)
    with pytest.raises(FileNotFoundError):
        list(upload.read_url_list(url_lists(owner[::-1]), ID))


@pytest.mark.parametrize(("body", "kind", "pointer"), [
    (b"http://a.example/1.jpg\nftp://a.example/2.jpg\n", "text", "/line/2"),
    (b"# nothing but a comment\n", "text", ""),
    (b"", "csv", ""),
    (b'{"url": "http://a.example/1.jpg"}\n{"link": "http://a.example/2.jpg"}\n', "jsonl", "/line/2"),
    (b"url,label\n" + b"".join(b"http://a.example/%d.jpg,l%d\n" % (i, i) for i in range(1_001)), "csv", "/line/1002"),
])  # fmt: skip
def test_a_list_that_cannot_be_used_is_not_kept(owner: str, body: bytes, kind: ListKind, pointer: str) -> None:
    with pytest.raises(ProblemError) as caught:
        keep(owner, body, kind)
    assert caught.value.status == 422
    assert [error.pointer for error in caught.value.errors] == [pointer]
    assert list(url_lists(owner).names()) == []
    assert uploads.find(owner, ID) is None


def test_a_report_stays_small_whatever_the_labels_are(owner: str) -> None:
    row = b"http://a.example/1.jpg," + b"x" * 1_000
    keep(owner, b"url,label\n" + row + b"1\n" + row + b"2\n", "csv")
    report = uploads.get(owner, ID).report
    assert report is not None
    assert report.labels == {"x" * 200: 2}


def test_lists_count_as_stored_bytes_and_stop_at_the_quota(owner: str) -> None:
    body = b"http://a.example/1.jpg\n"
    keep(owner, body)
    assert usage.bytes_of_uploads(owner) == len(body)
    quotas.set_limits(owner, {"stored_bytes": 2 * len(body) - 1})
    with pytest.raises(ProblemError) as caught:
        upload.keep_url_list(owner, "2" * 32, "text", io.BytesIO(body))
    assert (caught.value.status, caught.value.members["used"]) == (403, len(body))
    assert not upload.url_list_exists(owner, "2" * 32)
