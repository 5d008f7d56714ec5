"""Who a bearer token (JWT, RFC 7519) stands for: checked as RFC 8725 advises, against the issuers in the settings."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from shared import jwks
from shared.access import TENANT_PATTERN, Principal, highest
from shared.issuers import Issuer
from shared.problems import ProblemError, forbidden, issuer_unavailable, unauthorized
from shared.settings import settings

MAX_LENGTH = 16_000
_PLAIN = re.compile(r"[A-Za-z0-9._|:-]{1,128}", re.ASCII)


def principal(token: str) -> Principal:
    """Whose token it is. Blocks while keys are fetched, a few seconds at most.

    `ProblemError` 401 for one that does not count, 403 for one that counts and says no tenant or role, 503 while the
    issuer's keys cannot be had. Nothing of the token is in them.
    """
    issuer, kid = _unverified(token)
    try:
        key = jwks.key_set(issuer.jwks_url).key(kid)
    except jwks.UnavailableError as error:
        raise issuer_unavailable(issuer.name, error.seconds) from None
    except jwks.UnknownKeyError:
        raise _refused("its issuer has no key of the id that the token names") from None
    claims = _verified(token, issuer, key)
    return Principal(tenant=tenant_of(claims, issuer), subject=subject_of(claims, issuer), role=_role(claims, issuer))


def _unverified(token: str) -> tuple[Issuer, str]:
    """Which issuer and key the token claims to be of: where to look, and nothing to trust."""
    import jwt

    if len(token) > MAX_LENGTH:
        raise _refused(f"it is longer than {MAX_LENGTH} characters")
    try:
        told = jwt.decode_complete(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise _refused("it is neither a JWT nor an API key") from None
    said = told["payload"].get("iss")
    issuer = next((one for one in settings().issuers if one.issuer == said), None)
    if issuer is None:
        raise _refused("its issuer is not one of those configured here")
    if told["header"].get("alg") not in issuer.algorithms:
        raise _refused("its algorithm is not one that this issuer signs with")
    kid = told["header"].get("kid")
    if not isinstance(kid, str):
        raise _refused("it names no key (`kid`)")
    return issuer, kid


def _verified(token: str, issuer: Issuer, key: Any) -> dict[str, Any]:
    import jwt

    try:
        return jwt.decode(
            token,
            key,
            algorithms=list(issuer.algorithms),
            audience=list(issuer.audience),
            issuer=issuer.issuer,
            leeway=settings().token_leeway_seconds,
            options={"require": ["exp", "iss", "aud", "sub"], "enforce_minimum_key_length": True},
        )
    except jwt.ExpiredSignatureError:
        raise _refused("it has expired: sign in again") from None
    except jwt.ImmatureSignatureError:
        raise _refused("it is not valid yet") from None
    except jwt.InvalidAudienceError:
        raise _refused("it was made for another audience") from None
    except jwt.MissingRequiredClaimError as error:
        raise _refused(f"it lacks the claim `{error.claim}`") from None
    except (jwt.PyJWTError, ValueError, OverflowError):
        raise _refused("its signature or a claim of it is not valid") from None


def _refused(why: str) -> ProblemError:
    return unauthorized(f"This token does not count: {why}.", error="invalid_token")


def tenant_of(claims: Mapping[str, Any], issuer: Issuer) -> str:
    """The tenant that the claims name, as far as this issuer may; `ProblemError` 403 if there is none."""
    said = claim(claims, issuer.tenant_claim)
    if not isinstance(said, str) or not said:
        msg = f"This token names no tenant: its claim `{issuer.tenant_claim}` is missing or no text."
        raise forbidden(msg)
    tenant = issuer.tenants.get(said) if issuer.tenants is not None else f"{issuer.tenant_prefix}{said}"
    if tenant is None:
        raise forbidden("The tenant that this token names is not one that its issuer may speak for here.")
    if not re.fullmatch(TENANT_PATTERN.strip("^$"), tenant):
        raise forbidden(
            "The tenant that this token names is not valid: lower-case letters, digits and hyphens, 64 at most."
        )
    return tenant


def subject_of(claims: Mapping[str, Any], issuer: Issuer) -> str:
    """Who it is among all issuers. What is not plainly an identifier, such as an e-mail address, is hashed."""
    said = str(claims["sub"])
    plain = (
        said
        if _PLAIN.fullmatch(said)
        else f"sha256-{hashlib.sha256(said.encode(errors='surrogatepass')).hexdigest()[:32]}"
    )
    return f"token:{issuer.name}:{plain}"


def _role(claims: Mapping[str, Any], issuer: Issuer) -> Any:
    said = claim(claims, issuer.role_claim)
    values = said if isinstance(said, list) else [said]
    role = highest({issuer.roles[one] for one in values if isinstance(one, str) and one in issuer.roles})
    if role is None:
        msg = f"This token has no role here: its claim `{issuer.role_claim}` says none of {', '.join(issuer.roles)}."
        raise forbidden(msg)
    return role


def claim(claims: Mapping[str, Any], path: str) -> Any:
    """The claim at a dotted path, None if there is none; a name that has dots itself (`https://a.example/r`) counts."""
    return next(_at(claims, path), None)


def _at(value: Any, path: str) -> Iterator[Any]:
    if not isinstance(value, dict):
        return
    if path in value:
        yield value[path]
    name, dot, rest = path.partition(".")
    if dot and name in value:
        yield from _at(value[name], rest)
