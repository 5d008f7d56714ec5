from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.issuers import Issuer, apart

TENANTS = st.text("ab-", min_size=1, max_size=4)


def issuer(name: str = "one", **changes: Any) -> Issuer:
    usual = {
        "name": name, "issuer": f"https://{name}.example", "audience": ["api"], "jwks_url": f"https://{name}.example/keys",
        "tenant_prefix": f"{name}-",
    }  # fmt: skip
    told = {key: value for key, value in {**usual, **changes}.items() if value is not None}
    return Issuer.model_validate(told)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"algorithms": ["HS256"]}, "algorithms"),
        ({"algorithms": ["none"]}, "algorithms"),
        ({"algorithms": []}, "algorithms"),
        ({"audience": []}, "audience"),
        ({"jwks_url": "http://keys.example/keys"}, "https URL is wanted"),
        ({"jwks_url": "http://127.0.0.1.evil.example/keys"}, "https URL is wanted"),
        ({"jwks_url": "file:///etc/passwd"}, "https URL is wanted"),
        ({"tenant_prefix": None}, "which tenants"),
        ({"tenants": {"a": "b"}}, "which tenants"),
        ({"tenants": {"a": "B"}, "tenant_prefix": None}, "tenants"),
        ({"roles": {"boss": "owner"}}, "roles"),
        ({"audiences": "typo"}, "audiences"),
    ],
)
def test_an_issuer_that_would_let_too_many_in_is_refused(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        issuer(**changes)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8/keys", "http://localhost/keys", "http://[::1]:8/keys"])
def test_keys_may_come_from_this_machine_without_tls(url: str) -> None:
    assert issuer(jwks_url=url).jwks_url == url


@pytest.mark.parametrize(
    ("changes", "together"),
    [
        ({}, True),
        ({"name": "one"}, False),
        ({"issuer": "https://one.example"}, False),
        ({"tenant_prefix": ""}, False),
        ({"tenant_prefix": "one-more-"}, False),
        ({"tenant_prefix": "on"}, False),
        ({"tenant_prefix": None, "tenants": {"x": "one-a"}}, False),
        ({"tenant_prefix": None, "tenants": {"x": "acme"}}, True),
    ],
)
def test_issuers_cannot_speak_for_each_other_s_tenants(changes: dict[str, Any], together: bool) -> None:
    pair = (issuer(), issuer(**{"name": "two", **changes}))
    if together:
        assert apart(pair) == pair
        return
    for order in (pair, pair[::-1]):
        with pytest.raises(ValueError, match=r"told apart|same tenants"):
            apart(order)


def test_two_issuers_may_name_the_same_tenant() -> None:
    shared = {"tenant_prefix": None, "tenants": {"x": "acme"}}
    assert apart((issuer("one", **shared), issuer("two", **shared)))


@given(st.tuples(TENANTS, TENANTS), TENANTS, TENANTS)
def test_no_two_prefixes_that_stand_together_make_the_same_tenant(
    prefixes: tuple[str, str], said: str, other: str
) -> None:
    one, two = (issuer(name, tenant_prefix=prefix) for name, prefix in zip(("one", "two"), prefixes, strict=True))
    try:
        apart((one, two))
    except ValueError:
        return
    assert prefixes[0] + said != prefixes[1] + other
