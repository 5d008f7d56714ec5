"""The host's side of its protocol, as far as a call by a blob trigger needs it: protobuf messages with its own numbers.

https://github.com/Azure/azure-functions-language-worker-protobuf/blob/dev/src/proto/FunctionRpc.proto
"""

import json
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_PACKAGE = "AzureFunctionsRpcMessages"
_SCALARS = {
    "string": descriptor_pb2.FieldDescriptorProto.TYPE_STRING,
    "bytes": descriptor_pb2.FieldDescriptorProto.TYPE_BYTES,
    "int32": descriptor_pb2.FieldDescriptorProto.TYPE_INT32,
}


def _field(number: int, kind: str, name: str, *, many: bool = False, choice: bool = False) -> Any:
    field = descriptor_pb2.FieldDescriptorProto(name=name, number=number)
    field.label = field.LABEL_REPEATED if many else field.LABEL_OPTIONAL
    if kind in _SCALARS:
        field.type = _SCALARS[kind]
    else:
        field.type, field.type_name = field.TYPE_MESSAGE, f".{_PACKAGE}.{kind}"
    if choice:
        field.oneof_index = 0
    return field


def _message(name: str, *fields: Any, choice: str | None = None) -> Any:
    message = descriptor_pb2.DescriptorProto(name=name, field=fields)
    if choice:
        message.oneof_decl.add(name=choice)
    return message


def _with_map(message: Any, number: int, name: str, kind: str) -> Any:
    """The message with one more field: texts by text, or messages by text."""
    entry = _message(f"{name.title().replace('_', '')}Entry", _field(1, "string", "key"), _field(2, kind, "value"))
    entry.options.map_entry = True
    message.nested_type.append(entry)
    message.field.append(_field(number, f"{message.name}.{entry.name}", name, many=True))
    return message


_FILE = descriptor_pb2.FileDescriptorProto(
    name="FunctionRpc.proto",
    package=_PACKAGE,
    syntax="proto3",
    message_type=[
        _message(
            "ModelBindingData",
            _field(1, "string", "version"),
            _field(2, "string", "source"),
            _field(3, "string", "content_type"),
            _field(4, "bytes", "content"),
        ),
        _message(
            "TypedData",
            _field(1, "string", "string", choice=True),
            _field(2, "string", "json", choice=True),
            _field(3, "bytes", "bytes", choice=True),
            _field(12, "ModelBindingData", "model_binding_data", choice=True),
            choice="data",
        ),
        _message(
            "ParameterBinding",
            _field(1, "string", "name"),
            _field(2, "TypedData", "data", choice=True),
            choice="rpc_data",
        ),
        _with_map(
            _message("RpcTraceContext", _field(1, "string", "trace_parent"), _field(2, "string", "trace_state")),
            3, "attributes", "string",
        ),
        _message("RpcException", _field(1, "string", "stack_trace"), _field(2, "string", "message")),
        _message(
            "RetryContext",
            _field(1, "int32", "retry_count"),
            _field(2, "int32", "max_retry_count"),
            _field(3, "RpcException", "exception"),
        ),
        _with_map(
            _message(
                "InvocationRequest",
                _field(1, "string", "invocation_id"),
                _field(2, "string", "function_id"),
                _field(3, "ParameterBinding", "input_data", many=True),
                _field(5, "RpcTraceContext", "trace_context"),
                _field(6, "RetryContext", "retry_context"),
            ),
            4, "trigger_metadata", "TypedData",
        ),
    ],
)  # fmt: skip
_POOL = descriptor_pool.DescriptorPool()
_POOL.Add(_FILE)
InvocationRequest: Any = message_factory.GetMessageClass(_POOL.FindMessageTypeByName(f"{_PACKAGE}.InvocationRequest"))


def blob_call(function: str, container: str, name: str, metadata: dict[str, str] | None = None, **more: str) -> bytes:
    """What the host sends for a blob to a function that takes it as `blob`; `more` are its further parameters."""
    request = InvocationRequest(invocation_id=f"call of {name}", function_id=function)
    reference = request.input_data.add(name="blob").data.model_binding_data
    reference.version, reference.source, reference.content_type = "1.0", "AzureStorageBlobs", "application/json"
    names = {"Connection": "AzureWebJobsStorage", "ContainerName": container, "BlobName": name}
    reference.content = json.dumps(names).encode()
    for parameter, text in more.items():
        request.input_data.add(name=parameter).data.string = text
    request.trigger_metadata["BlobTrigger"].string = f"{container}/{name}"
    if metadata is not None:
        request.trigger_metadata["Metadata"].json = json.dumps(metadata)
    sent: bytes = request.SerializeToString()
    return sent


def bytes_call(function: str, data: bytes) -> bytes:
    """What a host sends that does not know of references."""
    request = InvocationRequest(invocation_id="call with bytes", function_id=function)
    request.input_data.add(name="blob").data.bytes = data
    sent: bytes = request.SerializeToString()
    return sent
