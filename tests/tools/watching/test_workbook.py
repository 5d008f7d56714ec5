import json
import re
from collections import Counter

import pytest

from shared.prices import Prices
from tools.watching.queries import ROOT, WATCHING, queries
from tools.watching.workbook import QUERY, filled, items, load

BOOK = load()
PAGES = {"up": "Is it up", "built": "What is being built", "cost": "What does it cost"}
KINDS = {1: {"json"}, 3: {"version", "query"}, 9: {"version", "parameters"}, 10: {"version", "metrics", "resourceIds"}}
KINDS |= {11: {"version", "links"}, 12: {"version", "items"}}
VISUALIZATIONS = {"timechart", "barchart", "table"}


def test_queries_are_those_of_their_files() -> None:
    assert filled(BOOK, queries()) == BOOK, "run python -m tools.watching"


def test_a_query_without_a_file_is_an_error() -> None:
    with pytest.raises(KeyError, match="availability"):
        filled(BOOK, {})


def test_items_are_of_known_kinds_and_have_names_of_their_own() -> None:
    names = Counter(item["name"] for item in items(BOOK))
    assert [name for name, number in names.items() if number > 1] == []
    for item in items(BOOK):
        assert set(item) <= {"type", "content", "name", "customWidth", "conditionalVisibility"}, item["name"]
        assert KINDS[item["type"]] <= set(item["content"]), item["name"]
    charts = [item["content"] for item in items(BOOK) if item["type"] == QUERY]
    assert {chart["visualization"] for chart in charts} <= VISUALIZATIONS


def test_each_tab_shows_one_page() -> None:
    [tabs] = [item["content"] for item in BOOK["items"] if item["type"] == 11]
    assert {link["subTarget"]: link["linkLabel"] for link in tabs["links"]} == PAGES
    shown = [item["conditionalVisibility"] for item in BOOK["items"] if item["type"] == 12]
    assert shown == [{"parameterName": "tab", "comparison": "isEqualTo", "value": name} for name in PAGES]
    [parameters] = [item["content"]["parameters"] for item in BOOK["items"] if item["type"] == 9]
    values = {one["name"]: one.get("value") for one in parameters}
    assert values["tab"] in PAGES
    assert all(link["cellValue"] == "tab" for link in tabs["links"])
    used = {item["content"].get("timeContextFromParameter") for item in items(BOOK) if item["type"] in {3, 10}}
    assert used == {"TimeRange"} <= set(values)


def test_placeholders_are_those_that_the_module_fills() -> None:
    text = json.dumps(BOOK)
    filled_in = re.findall(r"replace\(\w+, '\{\{(\w+)\}\}', \1\)", (WATCHING / "workbook.bicep").read_text())
    assert set(re.findall(r"\{\{(\w+)\}\}", text)) == set(filled_in)
    assert len(filled_in) == len(set(filled_in)) == 4
    assert "/subscriptions/" not in text


def test_metrics_are_named_after_their_resource() -> None:
    charts = [item["content"] for item in items(BOOK) if item["type"] == 10]
    assert charts
    for chart in charts:
        assert {one["namespace"] for one in chart["metrics"]} == {chart["resourceType"]}
        assert all(one["metric"].startswith(f"{chart['resourceType']}-") for one in chart["metrics"])


def test_costs_are_reckoned_with_the_price_table() -> None:
    told = {unit: float(price) for unit, price in re.findall(r'"(\w+)", ([0-9.]+)', queries()["cost"])}
    prices = Prices()
    write, read = prices.blob_writes_10000 / 10_000, prices.blob_reads_10000 / 10_000
    assert told == pytest.approx(
        {
            "execution": prices.executions_million / 1_000_000,
            "second": prices.gigabyte_second * prices.instance_gigabytes,
            "storage_write": write,
            "storage_list": write,
            "storage_read": read,
            "storage_other": read,
            "request_unit": prices.request_units_million / 1_000_000,
        }
    )


def test_every_query_is_asked_by_an_alert_or_on_a_page() -> None:
    asked = {item["name"] for item in items(BOOK) if item["type"] == QUERY}
    alerts = {rule["name"] for rule in json.loads((ROOT / "infra" / "watching" / "alerts.json").read_text())}
    assert set(queries()) == asked | alerts
    assert not asked & alerts
