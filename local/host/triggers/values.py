"""The values that functions get for their triggers, made by azure-functions' own converters, as the worker does."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from azure.functions import meta
from azure.storage.blob import BlobProperties, BlobType
from azure.storage.queue import QueueMessage

from local.host.deferred import ModelBindingData, decode
from local.host.functions import Function


def blob_value(function: Function, data: bytes, properties: BlobProperties, uri: str) -> object:
    """An InputStream of the blob, or its bytes or text where the parameter is annotated so; or ValueError."""
    return _value(function, data, _told(properties, uri))


def blob_reference(function: Function, properties: BlobProperties, uri: str) -> object:
    """What the converter of the parameter's own type makes of the blob's names; or ValueError."""
    trigger = function.trigger
    content = {
        "Connection": trigger.text("connection"),
        "ContainerName": properties.container,
        "BlobName": properties.name,
    }
    data = ModelBindingData("1.0", "AzureStorageBlobs", "application/json", json.dumps(content).encode())
    return decode(trigger.type, data, _told(properties, uri), function.annotations[trigger.name])


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


def _told(properties: BlobProperties, uri: str) -> dict[str, meta.Datum]:
    """What the host tells of a blob beside its data, whatever the function gets for that."""
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
