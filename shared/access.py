"""Who is asking and what they may do: the one place where authentication and quotas will stand.

Every handler gets its `Principal` here before anything else, and every query is scoped by `Principal.owner`.
"""

from dataclasses import dataclass
from typing import Literal

from starlette.requests import Request

Action = Literal["read", "create", "change", "delete"]


@dataclass(frozen=True)
class Principal:
    """The caller. `owner` is the tenant that owns what the caller makes; it is the partition key of datasets."""

    owner: str


async def authorize(_request: Request, _action: Action) -> Principal:
    """The principal behind a request. There is one tenant until identities come: everybody is `default`."""
    return Principal(owner="default")
