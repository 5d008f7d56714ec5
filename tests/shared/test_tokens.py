import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as trying
from hypothesis import strategies as st
from jwt import PyJWS

from shared import tokens
from shared.access import Principal
from shared.issuers import Issuer
from shared.problems import ProblemError
from shared.settings import settings
from tests.shared.issuing import AUDIENCE, ISSUER, Authority, KeyServer, elliptic_key, serving_keys

ENTRA = {"name": "entra", "issuer": ISSUER, "audience": [AUDIENCE], "tenants": {"acme": "acme"}}
SUPABASE = {
    "name": "supabase", "issuer": "https://x.supabase.example/auth/v1", "audience": ["authenticated"],
    "tenant_claim": "app_metadata.tenant", "tenant_prefix": "sb-", "role_claim": "app_metadata.role",
    "roles": {"member": "viewer", "owner": "admin"},
}  # fmt: skip
ANY = Issuer.model_validate({**ENTRA, "jwks_url": "https://a.example"})


@pytest.fixture(scope="module")
def server() -> Iterator[KeyServer]:
    with serving_keys() as running:
        running.publish(one=Authority().key)
        yield running


@pytest.fixture(autouse=True)
def configured(server: KeyServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two issuers, whose keys are the same."""
    told = [{**one, "jwks_url": server.url} for one in (ENTRA, SUPABASE)]
    monkeypatch.setenv("PIXCRAWLER_ISSUERS", json.dumps(told))
    settings.cache_clear()
    yield
    settings.cache_clear()


def refusal(token: str) -> ProblemError:
    with pytest.raises(ProblemError) as caught:
        tokens.principal(token)
    assert token not in caught.value.detail
    return caught.value


def test_a_token_stands_for_a_person_of_a_tenant() -> None:
    expected = Principal(tenant="acme", subject="token:entra:person-1", role="editor")
    assert tokens.principal(Authority().token(roles=["viewer", "editor", "something else"])) == expected


def test_claims_may_lie_deep_and_be_called_otherwise() -> None:
    authority = Authority(issuer=str(SUPABASE["issuer"]))
    said = {"tenant": "a1", "role": "owner"}
    found = tokens.principal(authority.token(aud="authenticated", app_metadata=said, tid="acme", roles=["viewer"]))
    assert (found.tenant, found.role) == ("sb-a1", "admin")


@pytest.mark.parametrize("what", Authority().forgeries())
def test_a_forgery_is_refused(what: str) -> None:
    problem = refusal(Authority().forgeries()[what])
    assert (problem.status, problem.kind) == (401, "unauthorized")
    assert problem.headers["www-authenticate"] == 'Bearer realm="pixcrawler", error="invalid_token"'


@pytest.mark.parametrize("seconds", [-30, 30])
def test_clocks_may_differ_a_little(seconds: int) -> None:
    import time

    now = int(time.time()) + seconds
    assert tokens.principal(Authority().token(nbf=now, iat=now, exp=now + 15)).tenant == "acme"


@pytest.mark.parametrize(
    "changes",
    [
        {"tid": None}, {"tid": 7}, {"tid": "globex"}, {"tid": ["acme"]}, {"tid": "ACME"},
        {"roles": None}, {"roles": []}, {"roles": ["owner"]}, {"roles": [["admin"]]}, {"roles": {"admin": True}},
    ],
)  # fmt: skip
def test_a_good_token_without_tenant_or_role_is_forbidden(changes: dict[str, Any]) -> None:
    problem = refusal(Authority().token(**changes))
    assert (problem.status, problem.detail.endswith(".")) == (403, True)


@pytest.mark.parametrize("said", ["", "ACME", "a/b", "a" * 65, "a\n", "ä", "acme "])
def test_a_tenant_with_a_prefix_has_to_be_a_name(said: str) -> None:
    authority = Authority(issuer=str(SUPABASE["issuer"]))
    metadata = {"tenant": said, "role": "owner"}
    assert refusal(authority.token(aud="authenticated", app_metadata=metadata)).status == 403


def test_one_issuer_s_token_says_nothing_about_another_s_tenants() -> None:
    authority = Authority(issuer=str(SUPABASE["issuer"]))
    found = tokens.principal(authority.token(aud="authenticated", app_metadata={"tenant": "acme", "role": "owner"}))
    assert found.tenant == "sb-acme"
    assert refusal(authority.token(app_metadata={"tenant": "acme", "role": "owner"})).status == 401


def test_a_person_is_named_by_an_identifier_and_never_by_an_address() -> None:
    named = tokens.subject_of({"sub": "auth0|5f7c"}, ANY)
    addressed = tokens.subject_of({"sub": "jo@example.org"}, ANY)
    assert named == "token:entra:auth0|5f7c"
    assert "@" not in addressed
    assert addressed == tokens.subject_of({"sub": "jo@example.org"}, ANY)
    assert addressed != tokens.subject_of({"sub": "al@example.org"}, ANY)


@pytest.mark.parametrize(
    ("path", "found"),
    [("a", {"b": 1}), ("a.b", 1), ("x.y", 2), ("x.y.z", None), ("https://e.example/r", 3), ("m.a.b", 4), ("n", None)],
)
def test_claims_are_found_by_their_path(path: str, found: object) -> None:
    claims = {"a": {"b": 1}, "x.y": 2, "https://e.example/r": 3, "m": {"a.b": 4}}
    assert tokens.claim(claims, path) == found


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@trying(max_examples=40)
@given(st.dictionaries(st.sampled_from(["iss", "aud", "sub", "exp", "nbf", "iat", "tid", "roles"]), JSON, max_size=3))
def test_whatever_an_issuer_signs_is_a_principal_or_a_problem(changes: dict[str, Any]) -> None:
    authority = Authority()
    body = json.dumps({**authority.claims(), **changes}).encode()
    token = PyJWS().encode(body, authority.key, "RS256", headers={"kid": "one"})
    try:
        found = tokens.principal(token)
    except ProblemError as problem:
        status = problem.status
    else:
        status = 200 if (found.tenant, found.role) == ("acme", "admin") else 500
    assert status in {200, 401, 403}


@trying(max_examples=40)
@given(st.text(st.characters(max_codepoint=255)) | st.from_regex(r"[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*"))
def test_whatever_is_sent_as_a_token_is_refused(text: str) -> None:
    assert refusal(f"x{text}").status == 401


def test_while_the_keys_cannot_be_had_nobody_is_called_a_liar(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving_keys() as down:
        down.status = 500
        monkeypatch.setenv("PIXCRAWLER_ISSUERS", json.dumps([{**ENTRA, "jwks_url": down.url}]))
        settings.cache_clear()
        problem = refusal(Authority().token())
    assert (problem.status, int(problem.headers["retry-after"]) >= 1) == (503, True)


def test_other_algorithms_are_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    authority = Authority(elliptic_key(), "ec")
    with serving_keys() as server:
        server.publish(ec=authority.key)
        for algorithms, expected in ((["ES256"], None), (["RS256"], 401)):
            told = {**ENTRA, "jwks_url": server.url, "algorithms": algorithms}
            monkeypatch.setenv("PIXCRAWLER_ISSUERS", json.dumps([told]))
            settings.cache_clear()
            if expected is None:
                assert tokens.principal(authority.token()).role == "admin"
            else:
                assert refusal(authority.token()).status == expected
