"""Who may issue tokens, as operators say it in the setting PIXCRAWLER_ISSUERS, and which tenants each may speak for."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from shared.access import Role, Tenant

# Asymmetric ones only: what verifies a token must not be able to sign one (RFC 8725, section 3.1).
Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def _key_set_address(url: str) -> str:
    parts = urlsplit(url)
    if parts.hostname is None or not (
        parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    ):
        msg = "an https URL is wanted (http only on loopback): who answers there decides who gets in"
        raise ValueError(msg)
    return url


class Issuer(BaseModel):
    """One issuer of tokens (OpenID Connect).

    Claims are named by their path (`app_metadata.tenant`). The tenant comes from `tenants`, where the claim's value
    must stand, or is `tenant_prefix` followed by the value; one of the two has to be said, so that no issuer can speak
    for tenants that are not its own.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    name: str = Field(pattern="^[a-z0-9-]{1,32}$", description="in limits and in the audit trail")
    issuer: str = Field(min_length=1, description="the claim `iss`, to the letter")
    audience: Annotated[tuple[str, ...], Field(min_length=1)] = Field(description="the claim `aud` is one of these")
    jwks_url: Annotated[str, AfterValidator(_key_set_address)]
    algorithms: Annotated[tuple[Algorithm, ...], Field(min_length=1)] = ("RS256", "ES256")
    tenant_claim: str = Field(default="tid", min_length=1)
    tenants: Mapping[str, Tenant] | None = Field(default=None, description="the claim's value -> tenant")
    tenant_prefix: str | None = Field(default=None, pattern="^[a-z0-9-]{0,32}$")
    role_claim: str = Field(default="roles", min_length=1)
    roles: Mapping[str, Role] = Field(
        default={"viewer": "viewer", "editor": "editor", "admin": "admin"},
        description="the claim's value, or one of its values, -> role; the highest counts",
    )

    @model_validator(mode="after")
    def _tenants_are_said(self) -> Self:
        if (self.tenants is None) == (self.tenant_prefix is None):
            msg = "say which tenants this issuer speaks for: either `tenants` or `tenant_prefix`"
            raise ValueError(msg)
        return self


def apart(issuers: tuple[Issuer, ...]) -> tuple[Issuer, ...]:
    """These issuers, if they can be told apart and none can speak for another's tenants; ValueError otherwise.

    Two that map to the same tenant by name are meant to share it. A prefix shares nothing: neither with a longer
    prefix, which it would contain, nor with a tenant that another issuer names.
    """
    for number, one in enumerate(issuers):
        for other in issuers[number + 1 :]:
            if one.name == other.name or one.issuer == other.issuer:
                msg = f"two issuers are called {one.name} or say {one.issuer}: their tokens could not be told apart"
                raise ValueError(msg)
            if _overlap(one, other) or _overlap(other, one):
                msg = (
                    f"the issuers {one.name} and {other.name} could speak for the same tenants: change `tenant_prefix`"
                )
                raise ValueError(msg)
    return issuers


def _overlap(one: Issuer, other: Issuer) -> bool:
    """Whether what `one` begins its tenants' names with could begin one of the other's."""
    if one.tenant_prefix is None:
        return False
    names = [other.tenant_prefix] if other.tenant_prefix is not None else list((other.tenants or {}).values())
    return any(name.startswith(one.tenant_prefix) for name in names)


Issuers = Annotated[tuple[Issuer, ...], AfterValidator(apart)]
