"""Who is asking, and what a role may do. Every query is scoped by `Principal.tenant`."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import StringConstraints

Role = Literal["viewer", "editor", "admin"]

_RANK: dict[Role, int] = {"viewer": 0, "editor": 1, "admin": 2}

TENANT_PATTERN = "^[a-z0-9-]{1,64}$"
# Compared as it is, never folded: two tenants whose names differ in case must not become one.
Tenant = Annotated[str, StringConstraints(pattern=TENANT_PATTERN)]
"""The name of a tenant; it owns documents and stands in names of blobs."""


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller: a key or a person of a tenant.

    `tenant` owns what the caller makes; it is the `owner` of documents. `subject` names the caller in limits and in
    the audit trail: stable, and no secret.
    """

    tenant: str
    subject: str
    role: Role

    def may(self, role: Role) -> bool:
        """Whether the caller's role is at least `role`."""
        return _RANK[self.role] >= _RANK[role]


def highest(roles: set[Role]) -> Role | None:
    """The role that may most, None of none."""
    return max(roles, key=_RANK.__getitem__, default=None)
