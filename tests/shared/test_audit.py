import uuid
from datetime import UTC, datetime, timedelta

import pytest

from shared import audit, cosmos
from shared.audit import AuditLine
from shared.documents import now
from shared.uuid7 import uuid7_of

pytestmark = pytest.mark.usefixtures("stores")


def line(owner: str, **changes: object) -> AuditLine:
    usual = {"owner": owner, "request": "r", "subject": "key:a", "action": "thing.make", "outcome": "begun"}
    return AuditLine.model_validate({**usual, **changes})


def told(owner: str, **filters: object) -> list[AuditLine]:
    usual: dict[str, object] = dict.fromkeys(["action", "subject", "dataset", "since", "until", "cursor"])
    return list(audit.page(owner, **{**usual, "size": 100, **filters}).items)  # type: ignore[arg-type]


def test_lines_come_newest_first_page_by_page(owner: str) -> None:
    lines = [line(owner, facts={"number": number}) for number in range(5)]
    for one in lines:
        audit.write(one)
    audit.write(line(uuid.uuid4().hex))
    assert [one.id for one in told(owner)] == [one.id for one in lines[::-1]]
    found = audit.page(owner, action=None, subject=None, dataset=None, since=None, until=None, size=3, cursor=None)
    rest = told(owner, cursor=found.cursor)
    assert [one.facts["number"] for one in (*found.items, *rest)] == [4, 3, 2, 1, 0]


@pytest.mark.parametrize(
    ("filters", "numbers"),
    [
        ({"action": "thing.drop"}, [1]), ({"subject": "A@b.example"}, [2]), ({"dataset": "d"}, [3]),
        ({"action": "thing.drop", "dataset": "d"}, []),
        ({"since": datetime(2030, 1, 2, tzinfo=UTC)}, [3, 2]), ({"until": datetime(2030, 1, 2, tzinfo=UTC)}, [1, 0]),
    ],
)  # fmt: skip
def test_lines_are_filtered(owner: str, filters: dict[str, object], numbers: list[int]) -> None:
    changes: list[dict[str, object]] = [
        {},
        {"action": "thing.drop"},
        {"subject": audit.who("a@B.example")},
        {"dataset": "d"},
    ]
    for number, change in enumerate(changes):
        at = datetime(2030, 1, 1, 12 * number, tzinfo=UTC) if number < 2 else datetime(2030, 1, number, tzinfo=UTC)
        audit.write(line(owner, id=uuid7_of(at, str(number)), facts={"number": number}, **change))
    assert [one.facts["number"] for one in told(owner, **filters)] == numbers


def test_what_the_service_does_is_told_once(owner: str) -> None:
    at = now()
    for thing in ("a", "a", "b"):
        audit.by_system(owner, "dataset.expire", at=at, thing=thing, dataset="d", images=3)
    found = told(owner)
    assert [(one.subject, one.outcome, one.dataset, one.facts) for one in found] == [
        ("system", "done", "d", {"images": 3})
    ] * 2


def test_a_line_expires(owner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    audit.write(line(owner))
    item = cosmos.query("audit", "SELECT * FROM c", {}, owner)[0]
    assert timedelta(seconds=item["ttl"]) == timedelta(days=400)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("0" * 32, True), ("cat-00000-01", True), ("key:abc", True), ("pxc_abc_def", False), ("whsec_a", False),
        ("eyJhbGciOi", False), ("me@a.example", False), ("x" * 81, False), ("a b", False), ("", False),
    ],
)  # fmt: skip
def test_a_secret_in_a_path_is_not_kept(text: str, kept: bool) -> None:
    assert audit.named({"thing": text}) == {"thing": text if kept else "(not kept)"}


def test_an_address_is_kept_as_a_hash() -> None:
    assert audit.who("key:a") == "key:a"
    assert audit.who("me@a.example") == audit.who("Me@A.example") != audit.who("you@a.example")
    assert "@" not in audit.who("me@a.example")
