import json
import re

import pytest

from bench.cost import idle
from tools.watching.queries import ROOT, WATCHING, queries

RULES = json.loads((WATCHING / "alerts.json").read_text())
MODULE = (WATCHING / "alerts.bicep").read_text()
RUNBOOK = {
    "Health probe down", "Silence", "Builds failing", "Poison messages", "Events not delivered", "Engine failing",
    "Throttling", "Slow or failing requests", "Backlog growing", "Budget", "Deploy",
}  # fmt: skip
"""Headings of docs/operations.md."""

# https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-create-log-alert-rule: what may be asked how often
MINUTES = {
    "PT5M": 5,
    "PT10M": 10,
    "PT15M": 15,
    "PT30M": 30,
    "PT45M": 45,
    "PT1H": 60,
    "PT2H": 120,
    "PT3H": 180,
    "PT6H": 360,
}


@pytest.mark.parametrize("rule", RULES, ids=[rule["name"] for rule in RULES])
def test_a_rule_is_whole(rule: dict[str, str]) -> None:
    assert set(rule) == {"name", "title", "severity", "heading", "description", "window", "every", "splitBy"}
    assert rule["severity"] in {"critical", "warning"}
    assert rule["heading"] in RUNBOOK
    assert rule["description"].endswith(".")
    assert MINUTES[rule["every"]] * 2 <= MINUTES[rule["window"]], "telemetry that comes late is looked at once more"
    assert MINUTES[rule["every"]] <= {"critical": 5, "warning": 15}[rule["severity"]]
    assert rule["name"] in queries()


def test_the_module_reads_the_query_of_each_rule() -> None:
    read_in = re.findall(r"'?([a-z-]+)'?: loadTextContent\('queries/([a-z-]+)\.kql'\)", MODULE)
    assert all(name == file for name, file in read_in)
    assert sorted(name for name, _ in read_in) == sorted(rule["name"] for rule in RULES)


def test_the_docs_tell_of_every_alert_and_when_it_comes() -> None:
    told = re.findall(
        r"\| `([a-z-]+)` \| (critical|warning|information) \| (.+) \|", (ROOT / "docs" / "observability.md").read_text()
    )
    rules = [(rule["name"], rule["severity"], rule["description"]) for rule in RULES]
    platform = re.findall(r"name: '([a-z-]+)'\n    severity: '(\w+)'\n.+\n    description: '(.+)'", MODULE)
    assert len(platform) == 5
    others = [one for one in told if one not in {*rules, *platform}]
    assert len(told) == len(others) + len(rules) + len(platform)
    assert [(name, severity) for name, severity, _ in others] == [
        ("health-probe-down", "critical"),
        ("deployments", "information"),
    ]


def test_every_description_names_a_heading_of_the_runbook() -> None:
    named = set(re.findall(r"heading: '([^']+)'", MODULE)) | set(re.findall(r'\$\{runbook\} "([^"$]+)"', MODULE))
    probe = (WATCHING / "availability.bicep").read_text()
    named |= set(re.findall(r'docs/operations\.md, "([^"]+)"', probe))
    named |= {rule["heading"] for rule in RULES}
    assert named == RUNBOOK - {"Budget"}


def test_what_is_said_of_an_hour_was_looked_at_for_most_of_it() -> None:
    """The lowest of one look, the first after a silence, is no lowest of an hour."""
    [rule] = [one for one in RULES if "minif(Sum" in queries()[one["name"]]]
    asked = queries()[rule["name"]]
    since = re.search(r'Since = minif\(TimeGenerated, Name == "pixcrawler.builds"\)', asked)
    minutes = re.search(r"where Since < ago\((\d+)m\)", asked)
    assert since is not None
    assert minutes is not None
    assert MINUTES[rule["window"]] * 0.75 <= int(minutes[1]) <= MINUTES[rule["window"]] - 10, "looks come every five"


def test_the_probe_asks_for_the_route_of_liveness_and_for_its_word() -> None:
    probe = (WATCHING / "availability.bicep").read_text()
    path, word = re.search(r"var path = '/api/(.+)'", probe), re.search(r"ContentMatch: '(\w+)'", probe)
    assert path is not None
    assert word is not None
    handlers = (ROOT / "functions" / "health.py").read_text()
    assert f'"GET", "{path[1]}", role=None' in handlers
    assert f'Liveness(status="{word[1]}")' in handlers


def test_rules_on_metrics_are_paid_for_by_series() -> None:
    """The probe's is one; each value of a dimension is watched by itself."""
    values = [re.findall(r"'\w+'", one) for one in re.findall(r"values: \[([^\]]+)\]", MODULE) if "'*'" not in one]
    rules = len(re.findall(r"^    metric: '", MODULE, re.MULTILINE)) + 1
    assert (rules, rules + sum(len(one) - 1 for one in values)) == (idle._METRIC_RULES, idle._METRIC_SERIES)


def test_platform_metrics_are_added_up_as_they_can_be() -> None:
    """The services refuse others: https://learn.microsoft.com/azure/azure-monitor/reference/metrics-index"""
    stated = dict(re.findall(r"metric: '(\w+)'\n    aggregation: '(\w+)'", MODULE))
    events = dict.fromkeys(("DeadLetteredCount", "DroppedEventCount", "DeliveryAttemptFailCount"), "Total")
    assert stated == events | {"TotalRequests": "Count", "Transactions": "Total"}
    assert "timeAggregation: rule.aggregation" in MODULE


def test_the_alert_of_deployments_knows_no_single_resource() -> None:
    """Settings and packages change at ids below the app's, and a condition compares whole ids."""
    condition = MODULE.partition("'Microsoft.Insights/activityLogAlerts")[2]
    assert "scopes: [resourceGroup().id]" in condition
    assert "resourceId" not in condition
