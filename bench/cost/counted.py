"""What the local stack has counted until now: the app's `pixcrawler.cost` and the host's own metrics."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import requests
from prometheus_client.parser import text_string_to_metric_families

_TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Counted:
    """Sums since the stack began. `units`: of `pixcrawler.cost`; actions by kind, invocations and their seconds by
    function, `billed`: as they are paid for when each runs alone; `busy`: seconds in which anything ran."""

    units: Mapping[str, float] = field(default_factory=dict)
    actions: Mapping[str, float] = field(default_factory=dict)
    invocations: Mapping[str, float] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    billed: Mapping[str, float] = field(default_factory=dict)
    busy: float = 0.0

    def since(self, before: "Counted") -> "Counted":
        """What has come since then."""
        return Counted(
            _difference(self.units, before.units),
            _difference(self.actions, before.actions),
            _difference(self.invocations, before.invocations),
            _difference(self.seconds, before.seconds),
            _difference(self.billed, before.billed),
            self.busy - before.busy,
        )

    @property
    def storage(self) -> float:
        """The app's requests to storage, deletions included."""
        return sum(count for unit, count in self.units.items() if unit.startswith("storage_"))


def _difference(after: Mapping[str, float], before: Mapping[str, float]) -> dict[str, float]:
    return {name: value - before.get(name, 0.0) for name, value in after.items() if value != before.get(name, 0.0)}


def look(base: str) -> Counted:
    """Ask the host at `base`, `http://127.0.0.1:PORT`."""
    answer = requests.get(f"{base}/metrics/", timeout=_TIMEOUT_SECONDS)
    answer.raise_for_status()
    return parse(answer.text)


def parse(text: str) -> Counted:
    """Of the text that Prometheus is given."""
    found: dict[str, dict[str, float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name.endswith("_total"):
                label = next(
                    (value for name, value in sample.labels.items() if name in {"unit", "kind", "function"}), ""
                )
                found.setdefault(sample.name.removesuffix("_total"), {})[label] = sample.value
    return Counted(
        units=found.get("pixcrawler_cost", {}),
        actions=found.get("local_durable_actions", {}),
        invocations=found.get("local_invocations", {}),
        seconds=found.get("local_invocation_seconds", {}),
        billed=found.get("local_billed_seconds", {}),
        busy=found.get("local_busy_seconds", {}).get("", 0.0),
    )
