"""App settings in binding properties: `%NAME%` expressions and storage connections named by a setting."""

import re
from collections.abc import Mapping

from local import azurite
from local.host.errors import SettingError

_NAME = re.compile(r"%([^%\s]+)%")
_EMULATOR = azurite.connection_string(blob_port=10000, queue_port=10001, table_port=10002)


def resolve_names[Value](value: Value, settings: Mapping[str, str], *, where: str) -> Value:
    """Replace every `%NAME%` in the strings of `value` (deep) by that app setting; SettingError if one is missing.

    https://learn.microsoft.com/azure/azure-functions/functions-bindings-expressions-patterns#binding-expressions---app-settings
    """

    def setting(match: re.Match[str]) -> str:
        try:
            return settings[match[1]]
        except KeyError:
            msg = f"{where} uses %{match[1]}%, but there is no app setting {match[1]}: set it, or change the expression"
            raise SettingError(msg) from None

    def walk(node: object) -> object:
        if isinstance(node, str):
            return _NAME.sub(setting, node)
        if isinstance(node, dict):
            return {key: walk(item) for key, item in node.items()}
        if isinstance(node, list):
            return [walk(item) for item in node]
        return node

    return walk(value)  # type: ignore[return-value]  # the walk keeps the type, which mypy cannot see


def connection_string(name: str | None, settings: Mapping[str, str]) -> str:
    """The storage connection string that a binding's `connection` property names; SettingError if there is none.

    The host also looks for the name with the prefix `AzureWebJobs`, and takes `AzureWebJobsStorage` when none is given.
    """
    names = [name, f"AzureWebJobs{name}"] if name else ["AzureWebJobsStorage"]
    for candidate in names:
        value = settings.get(candidate)
        if value:
            return _EMULATOR if value.strip().rstrip(";").lower() == "usedevelopmentstorage=true" else value
        if any(key.startswith(f"{candidate}__") for key in settings):
            msg = f"{candidate}__... asks for an identity, which there is none of here: set {candidate} itself"
            raise SettingError(msg)
    msg = f"there is no app setting {names[0]}: set it to a storage connection string (Azurite's, or a real account's)"
    raise SettingError(msg)
