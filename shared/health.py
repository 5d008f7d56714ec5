"""Whether the stores answer."""

import logging
from collections.abc import Callable

from shared import blobs, cosmos

log = logging.getLogger(__name__)


def checks() -> dict[str, str]:
    """Ask each store one cheap thing: store -> "ok", or "failed: " and the kind of error (the log has the rest)."""
    return {"storage": _check("storage", _storage), "cosmos": _check("cosmos", _cosmos)}


def _storage() -> None:
    blobs.service().get_container_client("datasets").get_container_properties(timeout=5)


def _cosmos() -> None:
    cosmos.query("datasets", "SELECT TOP 1 c.id FROM c", {}, "default")


def _check(name: str, probe: Callable[[], None]) -> str:
    try:
        probe()
    except Exception as error:  # noqa: BLE001 (whatever it is, the answer is that it failed)
        log.warning("health check of %s failed: %s", name, error)
        return f"failed: {type(error).__name__}"
    return "ok"
