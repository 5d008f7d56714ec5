"""The values that functions get for their triggers, made by azure-functions' own converters, as the worker does."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from azure.functions import meta
from azure.storage.blob import BlobProperties, BlobType
from azure.storage.queue import QueueMessage
from azurefunctions.extensions import base

from local.host.functions import Function


def is_deferred(function: Function) -> bool:
    """Whether the function takes an SDK type for its trigger: then it is told where the blob is, not what is in it."""
    return bool(base.get_binding_registry().check_supported_type(function.annotations.get(function.trigger.name)))


def deferred_value(function: Function, properties: BlobProperties, uri: str) -> object:
    """What the SDK type's converter makes of the place of the blob; or ValueError."""
    place = {
        "Connection": function.trigger.text("connection"),
        "ContainerName": properties.container,
        "BlobName": properties.name,
    }
    told = _ModelBindingData(content=json.dumps(place).encode())
    converter: Any = base.get_binding_registry().get(function.trigger.type)
    pytype = function.annotations[function.trigger.name]
    metadata = _blob_metadata(properties, uri)
    return converter.decode(meta.Datum(told, "model_binding_data"), trigger_metadata=metadata, pytype=pytype)


@dataclass(frozen=True, slots=True)
class _ModelBindingData:
    """The message of that name between host and worker."""

    content: bytes
    version: str = "1.0"
    source: str = "AzureStorageBlobs"
    content_type: str = "application/json"


def blob_value(function: Function, data: bytes, properties: BlobProperties, uri: str) -> object:
    """An InputStream of the blob, or its bytes or text where the parameter is annotated so; or ValueError."""
    return _value(function, data, _blob_metadata(properties, uri))


def _blob_metadata(properties: BlobProperties, uri: str) -> dict[str, meta.Datum]:
    described = {
        "BlobType": BlobType(properties.blob_type).value,
        "ContentLength": properties.size,
        "ContentType": properties.content_settings.content_type,
        "ETag": properties.etag,
        "CreatedOn": _iso(properties.creation_time),
        "LastModified": _iso(properties.last_modified),
    }
    return {
        "BlobTrigger": meta.Datum(f"{properties.container}/{properties.name}", "string"),
        "Uri": meta.Datum(uri, "string"),
        "Properties": _json(described),
        "Metadata": _json(properties.metadata or {}),
    }


def queue_value(function: Function, body: bytes, message: QueueMessage) -> object:
    """A func.QueueMessage, or the body as bytes or text where the parameter is annotated so; or ValueError."""
    return _value(
        function,
        body,
        {
            "Id": meta.Datum(message.id, "string"),
            "PopReceipt": meta.Datum(message.pop_receipt, "string"),
            "DequeueCount": meta.Datum(message.dequeue_count, "int"),
            "InsertionTime": meta.Datum(_iso(message.inserted_on), "string"),
            "ExpirationTime": meta.Datum(_iso(message.expires_on), "string"),
            "NextVisibleTime": meta.Datum(_iso(message.next_visible_on), "string"),
        },
    )


def timer_value(*, past_due: bool, status: Mapping[str, str]) -> object:
    """A func.TimerRequest with the schedule's status (ISO 8601 times `Last`, `Next`, `LastUpdated`)."""
    info = {"IsPastDue": past_due, "ScheduleStatus": dict(status), "Schedule": {"AdjustForDST": True}}
    return _converter("timerTrigger").decode(_json(info), trigger_metadata={})


def _value(function: Function, data: bytes, metadata: Mapping[str, meta.Datum]) -> object:
    annotation = function.annotations.get(function.trigger.name)
    if annotation is bytes:
        return data
    if annotation is str:
        return data.decode()
    return _converter(function.trigger.type).decode(meta.Datum(data, "bytes"), trigger_metadata=metadata)


def _converter(kind: str) -> Any:
    registry: Any = meta
    return registry.get_binding_registry().get(kind)


def _json(value: object) -> meta.Datum:
    return meta.Datum(json.dumps(value), "json")


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
