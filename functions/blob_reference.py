"""Blob triggers by reference: the host tells which blob it is about, and the bytes stay where they are.

For a `func.InputStream` the host reads the whole blob and sends it to the worker in a gRPC message, of 2 GB at most,
before the function begins. A parameter of a type derived from `SdkType` makes the worker tell the host that its binding
"supports deferred binding"; the host then sends the blob's names alone, and a step reads as much as it wants to.

Importing this module registers the converter with `azurefunctions.extensions.base`, where the worker looks for it. It
takes the place of azurefunctions-extensions-bindings-blob, which gives functions a client of the storage SDK: every
cold start would pay for that SDK and its credentials, and the steps have a client already (`shared.blobs`).
https://learn.microsoft.com/azure/azure-functions/functions-bindings-storage-blob-trigger
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from azurefunctions.extensions import base
from pydantic import BaseModel, ConfigDict, Field

_SOURCE = "AzureStorageBlobs"


@dataclass(frozen=True)
class BlobReference(base.SdkType):
    """The blob that a function is called for: its container, its name there, and its metadata if the host told.

    Names of metadata are in lower case: they come as they were written, but Azure makes no difference, and many a
    client of HTTP (Go's, for one) sends the headers of an upload capitalised.
    """

    container: str
    name: str
    metadata: Mapping[str, str] | None = None


class _Content(BaseModel):
    """What the host sends in place of the blob. Its `Connection` is not needed, nor told when something is wrong: in
    a version of the host's sources it is what the setting holds, not its name.
    """

    model_config = ConfigDict(hide_input_in_errors=True)

    container: str = Field(alias="ContainerName")
    name: str = Field(alias="BlobName")


class BlobReferenceConverter(base.InConverter, binding="blob", trigger="blobTrigger"):  # type: ignore[call-arg]  # for its metaclass
    """Makes a `BlobReference` of the host's ModelBindingData and of what it tells beside that."""

    @classmethod
    def check_input_type_annotation(cls, pytype: type) -> bool:
        """Whether this converter makes what a parameter is annotated with."""
        return isinstance(pytype, type) and issubclass(pytype, BlobReference)

    @classmethod
    def decode(cls, data: Any, *, trigger_metadata: Mapping[str, Any] | None, pytype: object = None) -> BlobReference:
        """`data` and the values of `trigger_metadata` are the worker's `Datum`; ValueError if it is no reference."""
        if data is None or data.type != "model_binding_data":
            kind = "nothing" if data is None else data.type
            msg = f"the host sent {kind} in place of a reference to a blob: update it, or the extension bundle"
            raise ValueError(msg)
        if data.value.source != _SOURCE:
            msg = f"the host sent a reference to something of {data.value.source}: bind it to a blob of {_SOURCE}"
            raise ValueError(msg)
        content = _Content.model_validate_json(data.value.content)
        told = (trigger_metadata or {}).get("Metadata")
        metadata = None if told is None else told.python_value
        if isinstance(metadata, Mapping):
            return BlobReference(content.container, content.name, {key.lower(): metadata[key] for key in metadata})
        return BlobReference(content.container, content.name)

    @classmethod
    def has_implicit_output(cls) -> bool:
        """What such a function returns goes nowhere."""
        return False
