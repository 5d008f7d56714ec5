"""What a blob trigger gives its function: which blob it is and the blob's metadata, not its bytes.

An `InputStream` has the host read the whole blob, four megabytes to a request, and hand it to the worker, where it
takes up memory whether it is looked at or not. For an SDK type (`azurefunctions.extensions.base`) the host tells where
the blob is; Microsoft's types for that make a client of their own, and the app has one.
"""

import json
from collections.abc import Mapping
from typing import Any

from azurefunctions.extensions import base

_KIND = "model_binding_data"


class TriggeredBlob(base.SdkType):  # type: ignore[misc]  # untyped
    """A blob that was written. `name`: `{container}/{name in it}`; `metadata`: what was kept with it."""

    def __init__(self, name: str, metadata: Mapping[str, str]) -> None:
        super().__init__(data={"name": name})
        self.name = name
        self.metadata = dict(metadata)

    def get_sdk_type(self) -> "TriggeredBlob":
        """Itself: it is no client."""
        return self


class TriggeredBlobConverter(base.InConverter, binding="blob", trigger="blobTrigger"):  # type: ignore[call-arg,misc]  # its metaclass takes them
    """Makes it of what the host tells; the worker finds this class by the binding's name."""

    @classmethod
    def check_input_type_annotation(cls, pytype: type) -> bool:
        """Whether a parameter annotated so can be given one."""
        return issubclass(pytype, TriggeredBlob)

    @classmethod
    def decode(cls, data: Any, *, trigger_metadata: Mapping[str, Any], pytype: type | None = None) -> TriggeredBlob:
        """Of the host's model binding data, and the trigger's metadata; ValueError when it told something else."""
        if data is None or data.type != _KIND:
            msg = f"the host gave {getattr(data, 'type', None)} for a blob, not {_KIND}"
            raise ValueError(msg)
        place = json.loads(data.value.content)
        kept = trigger_metadata.get("Metadata")
        metadata: dict[str, str] | None = None if kept is None else kept.python_value
        return TriggeredBlob(f"{place['ContainerName']}/{place['BlobName']}", metadata or {})
