"""Bindings by reference ("SDK types", "deferred binding"): which there are, and their values, as in the Python worker.

The worker looks at a parameter's annotation. Where it is an `SdkType`, the binding says so to the host in its property
`SupportsDeferredBinding`; what the host then sends in place of the data, a ModelBindingData, is made into the value by
the converter that the app (or an extension that it imports) has registered with `azurefunctions.extensions.base`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from azure.functions import meta
from azurefunctions.extensions import base

_REGISTRY = base.get_binding_registry()


@dataclass(frozen=True, slots=True)
class ModelBindingData:
    """The message of that name in the host's protocol, with its fields.

    https://github.com/Azure/azure-functions-language-worker-protobuf/blob/dev/src/proto/FunctionRpc.proto
    """

    version: str
    source: str
    content_type: str
    content: bytes


class _Parameter(NamedTuple):
    pytype: object


def raw_bindings(raw: Any, annotations: Mapping[str, object]) -> list[str]:
    """The bindings of a function as JSON texts; those of one with an `SdkType` say of each whether it is deferred."""
    if not any(map(_REGISTRY.check_supported_type, annotations.values())):
        return list(raw.get_raw_bindings())
    parameters = {name: _Parameter(annotation) for name, annotation in annotations.items()}
    texts, _ = _REGISTRY.get_raw_bindings(raw, parameters)
    return list(texts)


def is_deferred(properties: Mapping[str, Any]) -> bool:
    """Whether the host is to send a reference for the binding of these properties."""
    return bool(properties.get("properties", {}).get("SupportsDeferredBinding"))


def mismatch(kind: str, properties: Mapping[str, Any], annotation: object) -> str | None:
    """What is wrong with a parameter of a binding `kind` that is annotated so; None if nothing is."""
    if not _REGISTRY.check_supported_type(annotation):
        return None
    converter = _REGISTRY.get(kind)
    if is_deferred(properties) and converter.check_input_type_annotation(annotation):
        return None
    return f"no converter makes {annotation} for {kind}: import the extension that has one, or annotate another type"


def decode(kind: str, data: ModelBindingData, metadata: Mapping[str, meta.Datum], annotation: object) -> object:
    """The value of a parameter of a deferred binding `kind`; ValueError when its converter cannot make one."""
    datum = meta.Datum(data, "model_binding_data")
    return _REGISTRY.get(kind).decode(datum, trigger_metadata=metadata, pytype=annotation)
