"""host.json as this host understands it, with the app settings that override it."""

import json
from collections.abc import Mapping
from datetime import timedelta
from os import process_cpu_count
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator
from pydantic.alias_generators import to_camel

from local.host.errors import SettingError
from local.host.expressions import resolve_names
from local.host.timespan import parse_timespan

OVERRIDE_PREFIX = "AzureFunctionsJobHost__"
_CORES = process_cpu_count() or 1

Span = Annotated[timedelta, BeforeValidator(lambda value: parse_timespan(value) if isinstance(value, str) else value)]
_NO_LIMIT = "-1"


class _Section(BaseModel):
    """Part of host.json; what this host does not use of it is ignored, as it may matter to the real host."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True, extra="ignore")


class HttpSection(_Section):
    """`extensions.http`."""

    route_prefix: str = "api"


class DurableSection(_Section):
    """`extensions.durableTask`; the limits are per host instance and default to ten times the cores.

    The version is what new orchestrations get. How versions are matched is left out: no instance outlives this host.
    """

    hub_name: str = "TestHubName"
    default_version: str | None = None
    max_concurrent_activity_functions: int = Field(default=10 * _CORES, ge=1)
    max_concurrent_orchestrator_functions: int = Field(default=10 * _CORES, ge=1)


class BlobsSection(_Section):
    """`extensions.blobs`."""

    max_degree_of_parallelism: int = Field(default=8 * _CORES, ge=1)
    poison_blob_threshold: int = Field(default=5, ge=1)


class QueuesSection(_Section):
    """`extensions.queues`; blob triggers wait its visibility timeout between two tries, as in the real host."""

    max_polling_interval: Span = timedelta(minutes=1)
    visibility_timeout: Span = timedelta(0)
    batch_size: int = Field(default=16, ge=1, le=32)
    max_dequeue_count: int = Field(default=5, ge=1)
    new_batch_threshold: int | None = Field(default=None, ge=0)
    message_encoding: Literal["base64", "none"] = "base64"


class Extensions(_Section):
    """`extensions`."""

    http: HttpSection = HttpSection()
    durable_task: DurableSection = DurableSection()
    blobs: BlobsSection = BlobsSection()
    queues: QueuesSection = QueuesSection()


class HostJson(_Section):
    """The parts of host.json that change what this host does."""

    function_timeout: Span | None = None
    extensions: Extensions = Extensions()

    @field_validator("function_timeout", mode="before")
    @classmethod
    def _unlimited(cls, value: object) -> object:
        return None if value == _NO_LIMIT else value


def load_host_json(path: Path, settings: Mapping[str, str]) -> HostJson:
    """Read host.json (or take its defaults when there is none); SettingError when it is not valid.

    App settings named `AzureFunctionsJobHost__a__b` override the key `a.b`, and `%NAME%` in the hub name is resolved:
    https://learn.microsoft.com/azure/azure-functions/functions-host-json#override-hostjson-values
    """
    try:
        document = _read_object(path) if path.is_file() else {}
        for name, value in settings.items():
            if name.startswith(OVERRIDE_PREFIX):
                _override(document, name.removeprefix(OVERRIDE_PREFIX).split("__"), value)
        return HostJson.model_validate(resolve_names(document, settings, where=str(path)))
    except (ValueError, ValidationError) as error:
        msg = f"{path} cannot be used: {error}"
        raise SettingError(msg) from error


def _read_object(path: Path) -> dict[str, object]:
    document: object = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(document, dict):
        msg = "it is not a JSON object"
        raise ValueError(msg)  # noqa: TRY004 - told to the user like every other fault of the file
    return document


def _override(document: dict[str, object], keys: list[str], value: str) -> None:
    """Set the value under the path `keys`, making objects on the way; keys match whatever their case."""
    for key in keys[:-1]:
        child = document.setdefault(_existing(document, key), {})
        if not isinstance(child, dict):
            msg = f"the app setting {OVERRIDE_PREFIX}{'__'.join(keys)} goes through {key}, which is not an object"
            raise ValueError(msg)  # noqa: TRY004 - told to the user like every other fault of the file
        document = child
    document[_existing(document, keys[-1])] = value


def _existing(document: dict[str, object], key: str) -> str:
    return next((name for name in document if name.lower() == key.lower()), key)
