from concurrent.futures import ThreadPoolExecutor

import pytest
from pydantic import ValidationError
from yarl import URL

from shared import takedowns
from shared.documents import now
from shared.problems import ProblemError
from shared.settings import settings
from shared.takedowns import TakedownDocument, TakedownRequest, takedown_id

pytestmark = pytest.mark.usefixtures("stores")


def entry(owner: str, line: str = "host:a.example", **changes: object) -> TakedownDocument:
    usual = {"id": takedown_id(owner, line), "owner": owner, "entry": line, "reason": "asked", "by": "key:a"}
    return TakedownDocument.model_validate({**usual, **changes})


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        ({"url": " https://a.example/x y.jpg"}, "https://a.example/x y.jpg"), ({"host": "A.Example"}, "host:a.example"),
        ({"sha256": "AB" * 32}, "sha256:" + "ab" * 32),
    ],
)  # fmt: skip
def test_what_is_asked_for_is_an_entry(asked: dict[str, str], line: str) -> None:
    assert TakedownRequest.model_validate({**asked, "reason": "r"}).entry == line


@pytest.mark.parametrize(
    "asked",
    [
        {"url": "ftp://a.example/"},
        {"host": "a b"},
        {"sha256": "ab"},
        {"url": "host:a.example"},
        {"url": ""},
        {"url": "#"},
    ],
)
def test_what_is_no_entry_is_refused(asked: dict[str, str]) -> None:
    with pytest.raises(ProblemError) as caught:
        assert TakedownRequest.model_validate({**asked, "reason": "r"}).entry
    assert (caught.value.status, caught.value.errors[0].pointer) == (422, f"/{next(iter(asked))}")


@pytest.mark.parametrize("asked", [{}, {"url": "https://a.example/", "host": "a.example"}, {"host": "a", "more": 1}])
def test_one_thing_is_asked_for(asked: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        TakedownRequest.model_validate({"reason": "r", **asked})


def test_an_entry_is_heeded_at_once_here_and_elsewhere_within_a_while(
    owner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not takedowns.current(owner)
    stored = takedowns.put(entry(owner))
    assert takedowns.current(owner).entry_for_url(URL("https://x.a.example/1")) == "host:a.example"
    learned = takedowns.change(owner, stored.id, lambda one: one.model_copy(update={"hashes": ("ab" * 32,)}))
    assert learned is not None
    assert not takedowns.current(owner).hashes, "a while has not passed"
    monkeypatch.setenv("PIXCRAWLER_TAKE_DOWN_SECONDS", "0.000001")
    settings.cache_clear()
    assert takedowns.current(owner).hashes == {bytes.fromhex("ab" * 32)}
    settings.cache_clear()
    assert takedowns.remove(stored) is False, "it has changed since"
    assert takedowns.remove(learned)
    assert not takedowns.current(owner)


def test_asking_again_keeps_what_was_learned(owner: str) -> None:
    first = takedowns.put(entry(owner, hashes=("ab" * 32,), found={"d": 2}, state="done"))
    again = takedowns.put(entry(owner, reason="again"))
    assert (again.id, again.hashes, again.found, again.state) == (first.id, first.hashes, {"d": 2}, "removing")
    assert [one.reason for one in takedowns.page(owner, size=9, cursor=None).items] == ["again"]
    assert [one.id for one in takedowns.unfinished() if one.owner == owner] == [first.id]
    assert takedown_id(owner, "host:a.example") != takedown_id(owner + "x", "host:a.example")
    assert again.created <= now()


def test_what_is_learned_while_it_is_asked_for_again_stays(owner: str) -> None:
    one = takedowns.put(entry(owner, "http://a.example/1.jpg"))
    hashes = [f"{number:064x}" for number in range(12)]

    def learn(digest: str) -> None:
        takedowns.change(owner, one.id, lambda now: now.model_copy(update={"hashes": (*now.hashes, digest)}))

    def ask_again(_: str) -> None:
        takedowns.put(entry(owner, "http://a.example/1.jpg"))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda work, digest: work(digest), [learn, ask_again] * 12, [d for d in hashes for _ in "ab"]))
    assert set(takedowns.get(owner, one.id).hashes) == set(hashes)
