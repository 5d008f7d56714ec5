import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from shared import requests
from shared.cosmos import container
from shared.documents import now
from shared.problems import ProblemError
from shared.requests import Answer, RequestDocument, claim, complete, forget, free, target_of

pytestmark = pytest.mark.usefixtures("stores")
TARGET = target_of("POST", "/api/v1/things", "")


def refused(owner: str, key: str = "k", target: str = TARGET) -> ProblemError:
    with pytest.raises(ProblemError) as caught:
        claim(owner, "s", key, target)
    assert caught.value.status == 409
    return caught.value


def age(document: RequestDocument) -> None:
    """Let the lease be over."""
    past = document.model_copy(update={"until": now() - timedelta(seconds=1)})
    container(requests.NAME).replace_item(past.id, past.item())


def test_of_fifty_at_the_same_moment_one_does_the_work(owner: str) -> None:
    def ask(_: int) -> str:
        try:
            return claim(owner, "s", "k", TARGET).state
        except ProblemError as problem:
            return problem.kind

    with ThreadPoolExecutor(50) as pool:
        found = sorted(pool.map(ask, range(50)))
    assert found == [*["request-in-progress"] * 49, "running"]


def test_who_comes_while_it_is_worked_on_is_told_when_to_ask_again(owner: str) -> None:
    claim(owner, "s", "k", TARGET)
    assert refused(owner).headers == {"retry-after": "1"}


def test_what_was_answered_is_found_again_by_the_same_caller_only(owner: str) -> None:
    complete(claim(owner, "s", "k", TARGET), "hash", Answer.of(201, {"location": "/x"}, b"\xff made"))
    found = claim(owner, "s", "k", TARGET)
    assert (found.state, found.sha256) == ("done", "hash")
    assert found.answer is not None
    assert (found.answer.status, found.answer.headers, found.answer.content) == (201, {"location": "/x"}, b"\xff made")
    assert claim(owner, "another", "k", TARGET).state == "running"
    assert claim(uuid.uuid4().hex, "s", "k", TARGET).state == "running"
    assert claim(owner, "s", "k2", TARGET).state == "running"


def test_a_key_stands_for_one_target(owner: str) -> None:
    claim(owner, "s", "k", TARGET)
    others = [("PUT", "/api/v1/things", ""), ("POST", "/api/v1/thing", ""), ("POST", "/api/v1/things", "a=1")]
    assert {refused(owner, target=target_of(*other)).kind for other in others} == {"idempotency-key-reused"}


def test_a_claim_whose_process_died_is_taken_over_once_with_its_seed(owner: str) -> None:
    first = claim(owner, "s", "k", TARGET)
    age(first)
    second = claim(owner, "s", "k", TARGET)
    assert (second.state, second.seed) == ("running", first.seed)
    assert refused(owner).kind == "request-in-progress"
    complete(first, "late", Answer(status=200))
    assert refused(owner).kind == "request-in-progress", "who lost the claim keeps nothing"
    forget(first)
    assert refused(owner).kind == "request-in-progress", "and gives nothing back"


def test_a_key_given_back_after_a_failure_keeps_its_seed(owner: str) -> None:
    first = claim(owner, "s", "k", TARGET)
    free(first)
    assert claim(owner, "s", "k", TARGET).seed == first.seed


def test_a_key_given_back_after_a_refusal_is_as_new(owner: str) -> None:
    first = claim(owner, "s", "k", TARGET)
    forget(first)
    assert claim(owner, "s", "k", target_of("POST", "/else", "")).seed != first.seed


def test_what_is_kept_expires_after_a_day(owner: str) -> None:
    document = claim(owner, "s", "k", TARGET)
    complete(document, "hash", Answer(status=200))
    assert container(requests.NAME).read_item(document.id, owner)["ttl"] == 24 * 3600
    assert container(requests.NAME).read()["defaultTtl"] == -1
