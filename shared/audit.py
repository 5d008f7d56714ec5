"""The audit trail: who did, or tried to do, what, when and from where. Lines are only ever added.

A change has two lines with the same `request`: one before it is begun (a change that cannot be written down is not
made), and one that says how it went. A begun line that stands alone is a change whose process died. Lines of what the
service does by itself have the subject `system`. There are no bodies, no query strings and no secrets in any.
"""

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from pydantic import Field

from shared.cosmos import Page, container, query, query_page
from shared.documents import Document, now
from shared.settings import settings
from shared.uuid7 import first_of, uuid7, uuid7_of

NAME = "audit"
SYSTEM = "system"
DAY_SECONDS = 86_400
NOT_KEPT = "(not kept)"
ERASE = "tenant.erase"
FOR_EVER = -1
"""The `ttl` of lines that do not expire."""

Outcome = Literal["begun", "done", "refused", "failed"]
"""begun: about to be done; done: answered 2xx or 3xx; refused: 4xx, nothing was changed; failed: on our side."""

_SAFE = re.compile(r"(?!pxc_|whsec_|ey[A-Z])[A-Za-z0-9_.:-]{1,80}")  # ids and names of formats; no key, no token


class AuditLine(Document):
    """One line. Partition key: `owner`. Id: in order of time, so that `at` and the order agree."""

    id: str = Field(default_factory=uuid7)
    owner: str
    request: str
    at: datetime = Field(default_factory=now)
    subject: str
    role: str | None = None
    action: str
    outcome: Outcome
    status: int | None = None
    dataset: str | None = None
    target: dict[str, str] = Field(default_factory=dict)  # what the path names
    facts: dict[str, str | int] = Field(default_factory=dict)  # names and counts that matter
    address: str | None = None
    trace: str | None = None
    ttl: int = FOR_EVER


def write(line: AuditLine, *, forever: bool = False) -> None:
    """Add a line; nothing happens if it is there already. It expires after the days of the settings, or never."""
    from azure.cosmos.exceptions import CosmosResourceExistsError

    dated = line.model_copy(update={"ttl": FOR_EVER if forever else settings().audit_days * DAY_SECONDS})
    try:
        container(NAME).create_item(dated.item())
    except CosmosResourceExistsError:
        return


def by_system(
    owner: str, action: str, *, at: datetime, thing: str, dataset: str | None = None, **facts: str | int
) -> None:
    """Tell what the service did by itself; `at` and `thing` name the occasion, so that it is told once."""
    name = uuid7_of(at, f"{owner} {action} {thing}")
    write(
        AuditLine(
            id=name,
            owner=owner,
            request=name,
            at=at,
            subject=SYSTEM,
            action=action,
            outcome="done",
            dataset=dataset,
            facts=facts,
        )
    )


def page(
    owner: str,
    *,
    action: str | None,
    subject: str | None,
    dataset: str | None,
    since: datetime | None,
    until: datetime | None,
    size: int,
    cursor: str | None,
) -> Page:
    """A tenant's lines as `AuditLine`s, newest first, from `since` to before `until`."""
    wanted = {
        "action": action,
        "subject": None if subject is None else who(subject),
        "dataset": dataset,
    }
    filters: dict[str, object] = {name: value for name, value in wanted.items() if value is not None}
    where = [f"c.{name} = @{name}" for name in filters]
    for name, sign, moment in (("since", ">=", since), ("until", "<", until)):
        if moment is not None:
            where.append(f"c.id {sign} @{name}")
            filters[name] = first_of(moment)
    condition = f" WHERE {' AND '.join(where)}" if where else ""
    sql = f"SELECT * FROM c{condition} ORDER BY c.id DESC"  # noqa: S608 (names are ours)
    found = query_page(NAME, sql, filters, owner, size=size, cursor=cursor)
    return Page(tuple(AuditLine.model_validate(item) for item in found.items), found.cursor)


def was_erased(owner: str, since: datetime) -> bool:
    """Whether an erasure of the tenant ended after that moment."""
    sql = "SELECT c.id FROM c WHERE c.action = @action AND c.outcome = 'done' AND c.ttl = @ever AND c._ts >= @since"
    parameters = {"action": ERASE, "ever": FOR_EVER, "since": int(since.timestamp())}
    return bool(query(NAME, sql, parameters, owner))


def who(subject: str) -> str:
    """The subject as it is kept: an e-mail address only as a hash, which tells the same person again."""
    if "@" not in subject:
        return subject
    return "sha256:" + hashlib.sha256(subject.casefold().encode()).hexdigest()[:32]


def named(parameters: Mapping[str, object]) -> dict[str, str]:
    """What a path names, without what may be a secret that somebody put into it."""
    return {name: text if _SAFE.fullmatch(text := str(value)) else NOT_KEPT for name, value in parameters.items()}
