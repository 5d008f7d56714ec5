"""Bicep's functions on values that are known; of others, the type of what they return.

https://learn.microsoft.com/azure/azure-resource-manager/bicep/bicep-functions
"""

import base64
import inspect
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urljoin

from tools.infra import syntax as s
from tools.infra.values import ARRAY, BOOL, INT, OBJECT, STRING

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
TENANT = "66666666-7777-8888-9999-000000000000"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/group"
UNIQUE = "2bcdefghijklm"  # uniqueString gives 13 of a-z and 2-7; a digit in front is the harder case for names


@dataclass(frozen=True)
class Builtin:
    """A function: what it does with plain values, and the type of its result. None: it needs Azure."""

    returns: s.Type
    run: Callable[..., Any] | None = None


def unite(*values: Any) -> Any:
    """Return `union`: objects are merged as deep as they go, arrays without repetitions."""
    if isinstance(values[0], list):
        made: list[Any] = []
        for item in (item for value in values for item in value):
            made += [item] if item not in made else []
        return made
    merged: dict[str, Any] = {}
    for value in values:
        for key, inner in value.items():
            both = isinstance(inner, dict) and isinstance(merged.get(key), dict)
            merged[key] = unite(merged[key], inner) if both else inner
    return merged


def display(value: Any) -> str:
    """Return a value as `string()` and interpolation show it."""
    if isinstance(value, bool):
        return "True" if value else "False"
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def template(text: str, *values: Any) -> str:
    """Return `format()`; only `{0}` without a layout is known here."""
    for number, value in enumerate(values):
        text = text.replace(f"{{{number}}}", display(value))
    return text


def resource_id(*parts: Any) -> str:
    """Return the id of a resource in the group of the deployment: the type, then a name for each of its segments."""
    start = next(number for number, part in enumerate(parts) if "/" in part)
    namespace, *segments = parts[start].split("/")
    pairs = zip(segments, parts[start + 1 :], strict=True)
    return f"{GROUP}/providers/{namespace}" + "".join(f"/{segment}/{name}" for segment, name in pairs)


def subscription_resource_id(*parts: Any) -> str:
    """Return the id of a resource of the subscription."""
    return resource_id(*parts).replace("/resourceGroups/group", "")


def unique(*parts: Any) -> str:
    """Return as many characters as `uniqueString`."""
    return UNIQUE


PURE: dict[str, tuple[s.Type, Callable[..., Any]]] = {
    "array": (ARRAY, lambda value: value if isinstance(value, list) else [value]),
    "base64": (STRING, lambda text: base64.b64encode(text.encode()).decode()),
    "bool": (BOOL, lambda value: str(value).lower() in {"true", "1"}),
    "concat": (s.ANY, lambda *values: sum(values[1:], values[0])),
    "contains": (BOOL, lambda value, wanted: wanted in value),
    "createArray": (ARRAY, lambda *values: list(values)),
    "empty": (BOOL, lambda value: not value),
    "endsWith": (BOOL, lambda text, end: text.lower().endswith(end.lower())),
    "first": (s.ANY, lambda value: value[0]),
    "flatten": (ARRAY, lambda value: [inner for item in value for inner in item]),
    "format": (STRING, template),
    "guid": (STRING, lambda *parts: str(uuid.uuid5(uuid.NAMESPACE_OID, "-".join(map(str, parts))))),
    "indexOf": (INT, lambda value, wanted: value.index(wanted) if wanted in value else -1),
    "int": (INT, int),
    "intersection": (s.ANY, lambda first, *others: [item for item in first if all(item in other for other in others)]),
    "items": (ARRAY, lambda value: [{"key": key, "value": inner} for key, inner in sorted(value.items())]),
    "join": (STRING, lambda values, by: by.join(map(display, values))),
    "json": (s.ANY, json.loads),
    "last": (s.ANY, lambda value: value[-1]),
    "length": (INT, len),
    "max": (INT, max),
    "min": (INT, min),
    "objectKeys": (ARRAY, sorted),
    "padLeft": (STRING, lambda value, width, fill=" ": str(value).rjust(width, fill)),
    "range": (ARRAY, lambda start, count: list(range(start, start + count))),
    "replace": (STRING, lambda text, old, new: text.replace(old, new)),
    "resourceId": (STRING, resource_id),
    "skip": (s.ANY, lambda value, count: value[count:]),
    "split": (ARRAY, lambda text, by: text.split(by) if isinstance(by, str) else text.split(by[0])),
    "startsWith": (BOOL, lambda text, start: text.lower().startswith(start.lower())),
    "string": (STRING, display),
    "subscriptionResourceId": (STRING, subscription_resource_id),
    "substring": (STRING, lambda text, start, length=None: text[start : None if length is None else start + length]),
    "take": (s.ANY, lambda value, count: value[:count]),
    "toLower": (STRING, lambda text: text.lower()),
    "toUpper": (STRING, lambda text: text.upper()),
    "trim": (STRING, lambda text: text.strip()),
    "union": (s.ANY, unite),
    "uniqueString": (STRING, unique),
    "uri": (STRING, urljoin),
    "uriComponent": (STRING, lambda text: quote(text, safe="")),
}
CONTEXT: dict[str, tuple[s.Type, Any]] = {
    "subscription": (
        OBJECT,
        {
            "id": f"/subscriptions/{SUBSCRIPTION}",
            "subscriptionId": SUBSCRIPTION,
            "tenantId": TENANT,
            "displayName": "s",
        },
    ),
    "environment": (OBJECT, {"name": "AzureCloud", "suffixes": {"storage": "core.windows.net"}}),
    "resourceGroup": (
        OBJECT,
        {
            "id": GROUP,
            "name": "group",
            "location": "westeurope",
            "tags": {},
            "type": "Microsoft.Resources/resourceGroups",
        },
    ),
    "tenant": (OBJECT, {"tenantId": TENANT, "displayName": "t", "countryCode": "NZ"}),
}
OF_AZURE = {
    "cidrHost": STRING, "cidrSubnet": STRING, "dateTimeAdd": STRING, "dateTimeFromEpoch": STRING,
    "dateTimeToEpoch": INT, "deployer": OBJECT, "deployment": OBJECT,
    "extensionResourceId": STRING,
    "managementGroup": OBJECT, "newGuid": STRING, "parseCidr": OBJECT, "pickZones": ARRAY, "reference": s.ANY,
    "tenantResourceId": STRING, "toLogicalZone": STRING, "utcNow": STRING,
}  # fmt: skip
SECRET_METHODS = {
    "getSecret", "list", "listAccountSas", "listAdminKeys", "listAuthKeys", "listConnectionStrings", "listCredentials",
    "listKeys", "listKeyValue", "listQueryKeys", "listSecrets", "listServiceSas",
}  # fmt: skip
"""What returns secrets: as a function, or as a method of a resource."""
BUILTINS = (
    {name: Builtin(returns, run) for name, (returns, run) in PURE.items()}
    | {name: Builtin(returns, lambda *_, data=data: data) for name, (returns, data) in CONTEXT.items()}
    | {name: Builtin(returns) for name, returns in OF_AZURE.items()}
)


# Of functions whose signature here does not say: the fewest and (None: any number) the most arguments.
ARITIES: dict[str, tuple[int, int | None]] = {
    "any": (1, 1), "cidrHost": (2, 2), "cidrSubnet": (3, 3), "coalesce": (1, None), "concat": (1, None),
    "dateTimeAdd": (2, 3), "dateTimeFromEpoch": (1, 1), "dateTimeToEpoch": (1, 1), "deployer": (0, 0),
    "deployment": (0, 0), "environment": (0, 0), "extensionResourceId": (3, None), "filter": (2, 2),
    "format": (2, None), "groupBy": (2, 2), "guid": (1, None), "int": (1, 1), "intersection": (2, None),
    "json": (1, 1), "length": (1, 1), "list": (2, 3), "listAccountSas": (2, 3), "listKeys": (2, 3),
    "listServiceSas": (2, 3), "loadFileAsBase64": (1, 1), "loadJsonContent": (1, 3), "loadTextContent": (1, 2),
    "loadYamlContent": (1, 3), "managementGroup": (0, 1), "map": (2, 2), "mapValues": (2, 2), "max": (1, None),
    "min": (1, None), "newGuid": (0, 0), "objectKeys": (1, 1), "parseCidr": (1, 1), "pickZones": (3, 5),
    "reduce": (3, 3), "reference": (1, 3), "resourceGroup": (0, 2), "resourceId": (2, None), "sort": (2, 2),
    "subscription": (0, 1), "subscriptionResourceId": (2, None), "tenant": (0, 0), "tenantResourceId": (2, None),
    "toLogicalZone": (3, 3), "toObject": (2, 3), "union": (2, None), "uniqueString": (1, None), "uri": (2, 2),
    "utcNow": (0, 1),
}  # fmt: skip


def miscounted(name: str, given: int) -> str | None:
    """Return what is wrong when the function `name`, if there is one, is given so many arguments."""
    least, most = 0, None
    if name in ARITIES:
        least, most = ARITIES[name]
    elif name in PURE:
        parameters = inspect.signature(PURE[name][1]).parameters.values()
        least = sum(one.default is one.empty and one.kind is not one.VAR_POSITIONAL for one in parameters)
        most = None if any(one.kind is one.VAR_POSITIONAL for one in parameters) else len(parameters)
    if least <= given <= (given if most is None else most):
        return None
    wanted = str(least) if least == most else f"{least} to {'many' if most is None else most}"
    return f"{name} takes {wanted} arguments, not {given}"


def equal(left: Any, right: Any) -> bool:
    """Return `=~`: equality of text whatever its case."""
    return str(left).lower() == str(right).lower()


OPERATORS: dict[str, tuple[Callable[..., Any], s.Type]] = {
    "==": (lambda left, right: left == right, BOOL),
    "!=": (lambda left, right: left != right, BOOL),
    "=~": (equal, BOOL),
    "!~": (lambda left, right: not equal(left, right), BOOL),
    ">": (lambda left, right: left > right, BOOL),
    ">=": (lambda left, right: left >= right, BOOL),
    "<": (lambda left, right: left < right, BOOL),
    "<=": (lambda left, right: left <= right, BOOL),
    "+": (lambda left, right: left + right, INT),
    "-": (lambda left, right: left - right, INT),
    "*": (lambda left, right: left * right, INT),
    "/": (lambda left, right: int(left / right), INT),
    "%": (lambda left, right: left - int(left / right) * right, INT),
    "&&": (lambda left, right: bool(left and right), BOOL),
    "||": (lambda left, right: bool(left or right), BOOL),
}
