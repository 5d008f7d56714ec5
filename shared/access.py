"""Who is asking, and what a role may do. Every query is scoped by `Principal.tenant`."""

from dataclasses import dataclass
from typing import Literal

Role = Literal["viewer", "editor", "admin"]

_RANK: dict[Role, int] = {"viewer": 0, "editor": 1, "admin": 2}


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
