"""Azure Monitor's envelopes, as the rows of the workspace's tables that they become.

Only what is mapped here exists for the queries, and of that only what really came. The mapping is that of
https://learn.microsoft.com/azure/azure-monitor/app/data-model-complete and the tables' reference
(https://learn.microsoft.com/azure/azure-monitor/reference/tables/appmetrics, .../apprequests, .../appdependencies).
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

Row = dict[str, Any]
Tables = dict[str, list[Row]]

_TABLES = {"MetricData": "AppMetrics", "RequestData": "AppRequests", "RemoteDependencyData": "AppDependencies"}
_TYPES = {str: "string", bool: "bool", int: "real", float: "real", dict: "dynamic"}
_DURATION = re.compile(r"(?:(\d+)\.)?(\d+):(\d+):(\d+(?:\.\d+)?)")


def rows(envelopes: Iterable[Mapping[str, Any]]) -> Tables:
    """Table -> its rows; KeyError for a kind of telemetry that no table is known for."""
    tables: Tables = defaultdict(list)
    for one in envelopes:
        told = one["data"]["baseData"]
        row = {
            "TimeGenerated": one["time"],
            "AppRoleName": one["tags"].get("ai.cloud.role"),
            "AppRoleInstance": one["tags"].get("ai.cloud.roleInstance"),
            "OperationId": one["tags"].get("ai.operation.id"),
            "ParentId": one["tags"].get("ai.operation.parentId"),
            "Properties": told.get("properties") or {},
        }
        row |= _metric(told) if one["data"]["baseType"] == "MetricData" else _span(told, one)
        tables[_TABLES[one["data"]["baseType"]]].append(
            {name: value for name, value in row.items() if value is not None}
        )
    return dict(tables)


def _metric(told: Mapping[str, Any]) -> Row:
    [point] = told["metrics"]
    return {
        "Name": point["name"],
        "Sum": point["value"],
        "ItemCount": point.get("count", 1),
        "Min": point.get("min"),
        "Max": point.get("max"),
    }


def _span(told: Mapping[str, Any], envelope: Mapping[str, Any]) -> Row:
    """A request or a dependency; what is sampled stands for 100 / sampleRate of its kind."""
    row = {
        "Name": told["name"],
        "Id": told["id"],
        "ResultCode": told.get("responseCode", told.get("resultCode")),
        "Success": told["success"],
        "DurationMs": milliseconds(told["duration"]),
        "ItemCount": round(100 / envelope.get("sampleRate", 100)),
    }
    if envelope["data"]["baseType"] == "RemoteDependencyData":
        row |= {"DependencyType": told.get("type"), "Target": told.get("target"), "Data": told.get("data")}
    return row


def milliseconds(duration: str) -> float:
    """`d.hh:mm:ss.fff` in milliseconds; ValueError for another form."""
    match = _DURATION.fullmatch(duration)
    if match is None:
        msg = f"{duration!r} is no duration of Azure Monitor"
        raise ValueError(msg)
    days, hours, minutes, seconds = match.groups()
    return 1000 * (((int(days or 0) * 24 + int(hours)) * 60 + int(minutes)) * 60 + float(seconds))


def schema(tables: Tables) -> dict[str, str]:
    """Table -> its columns as Kusto writes them: those that some row has."""
    return {name: _columns(found) for name, found in tables.items()}


def _columns(found: list[Row]) -> str:
    types = {column: _TYPES[type(value)] for row in found for column, value in row.items()}
    types["TimeGenerated"] = "datetime"
    return "(" + ", ".join(f"{column}: {kind}" for column, kind in types.items()) + ")"
