"""What an environment costs in a month in which nobody builds: from the files that configure it, and prices."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.cost import prices

HOURS = 730
_SECONDS = HOURS * 3600
_RULES = {"PT5M": prices.LOG_RULE_5, "PT15M": prices.LOG_RULE_15}
_METRIC_RULES, _METRIC_SERIES = 6, 9
"""Of `alerts.bicep` and `availability.bicep`, as a test counts them: each value of a dimension is a series."""
_TIMER_RUNS = HOURS * 60 / 5 * 2
"""`reconcile` and `measure`, every five minutes. On Flex each is paid for as one second at least."""
_TIMER_UNITS = 35.0
"""Request units of both together where nothing is built: a dozen queries over all owners."""
_TELEMETRY_GB = 0.1
"""Of timers and probes; within the 5 GB that are free each month."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing of a month."""

    name: str
    amount: float


def month(profile: dict[str, Any], rules: list[dict[str, Any]]) -> tuple[Line, ...]:
    """A month of an environment: its file below `infra/environments`, and `infra/watching/alerts.json`."""
    runtime, watching, cosmos = profile["runtime"], profile["watching"], profile["cosmos"]
    gigabytes = runtime["instanceMemoryMB"] / 1024
    ready = sum(one["instanceCount"] for one in runtime["alwaysReady"])
    timers = prices.GIGABYTE_SECONDS.of(_TIMER_RUNS * gigabytes) + prices.EXECUTIONS.of(_TIMER_RUNS)
    if cosmos["mode"] == "autoscale":
        database = prices.AUTOSCALE.of(cosmos["maxThroughput"] / 10 * HOURS)
        name = f"Cosmos DB autoscale up to {cosmos['maxThroughput']:,} RU/s, at its tenth"
    else:
        database, name = prices.UNITS.of(_TIMER_UNITS * _TIMER_RUNS / 2), "Cosmos DB serverless, the timers' queries"
    lines = [Line("function app, its timers", timers), Line(name, database)]
    if ready:
        lines.insert(0, Line(f"always ready instances: {ready}", prices.READY.of(ready * gigabytes * _SECONDS)))
    if watching["alerts"]:
        logs = sum(_RULES[one["every"]].of(1) for one in rules)
        lines.append(
            Line(
                f"alerts: {len(rules)} on logs, {_METRIC_RULES} on metrics",
                logs + prices.METRIC_RULE.of(_METRIC_SERIES),
            )
        )
    if watching["probe"]:
        places = len(watching["probePlaces"])
        lines.append(
            Line(
                f"availability test from {places} places",
                prices.PROBES.of(_SECONDS / watching["probeSeconds"] * places),
            )
        )
    lines.append(Line(f"logs, {_TELEMETRY_GB:g} GB without the free grant", prices.LOGS.of(_TELEMETRY_GB)))
    return tuple(lines)


def environments(infra: Path) -> dict[str, tuple[Line, ...]]:
    """The months of all environments by name; none where there is no such folder."""
    watching = infra / "watching" / "alerts.json"
    rules = json.loads(watching.read_text(encoding="utf-8")) if watching.is_file() else []
    files = sorted((infra / "environments").glob("*.json"))
    return {file.stem: month(json.loads(file.read_text(encoding="utf-8")), rules) for file in files}


OPTIONAL = (
    Line("Front Door with WAF, Standard", prices.FRONT_DOOR.of(1)),
    Line("API Management, without its calls", 0.0),
    Line(
        "private endpoints and their DNS zones: blob, queue, table, Cosmos DB, Key Vault",
        5 * (prices.ENDPOINT.of(HOURS) + prices.ZONE.of(1)),
    ),
    Line("private network: its way to the internet, without what goes through it", prices.NAT.of(HOURS)),
)
