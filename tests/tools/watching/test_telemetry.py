from typing import Any

import pytest

from tools.watching.telemetry import milliseconds, rows, schema

METRIC: dict[str, Any] = {
    "time": "2026-11-22T20:55:37.536494Z",
    "tags": {"ai.cloud.role": "pixcrawler"},
    "data": {
        "baseType": "MetricData",
        "baseData": {"metrics": [{"name": "m", "value": 3.5, "count": 2}], "properties": {"stage": "x"}},
    },
}
SPAN: dict[str, Any] = {"name": "n", "id": "1", "duration": "1.02:03:04.005", "success": True, "responseCode": "0"}


def test_a_metric_becomes_a_row_with_the_columns_that_it_fills() -> None:
    assert rows([METRIC]) == {
        "AppMetrics": [
            {
                "TimeGenerated": "2026-11-22T20:55:37.536494Z",
                "AppRoleName": "pixcrawler",
                "Properties": {"stage": "x"},
                "Name": "m",
                "Sum": 3.5,
                "ItemCount": 2,
            }
        ]
    }
    assert schema(rows([METRIC])) == {
        "AppMetrics": "(TimeGenerated: datetime, AppRoleName: string, Properties: dynamic, Name: string, Sum: real, "
        "ItemCount: real)"
    }


@pytest.mark.parametrize(
    ("kind", "table"), [("RequestData", "AppRequests"), ("RemoteDependencyData", "AppDependencies")]
)
def test_a_span_becomes_a_request_or_a_dependency(kind: str, table: str) -> None:
    envelope = METRIC | {"data": {"baseType": kind, "baseData": SPAN}, "sampleRate": 25.0}
    [[name, [row]]] = rows([envelope]).items()
    assert (name, row["ResultCode"], row["Success"], row["ItemCount"]) == (table, "0", True, 4)
    assert row["DurationMs"] == pytest.approx(93_784_005)


def test_an_unknown_kind_is_not_passed_over() -> None:
    with pytest.raises(KeyError):
        rows([METRIC | {"data": {"baseType": "EventData", "baseData": SPAN}}])


def test_a_duration_of_another_form_is_refused() -> None:
    assert milliseconds("00:00:01.5") == 1500
    with pytest.raises(ValueError, match="PT1S"):
        milliseconds("PT1S")
