import json
from typing import Any

import azure.durable_functions as df
import azure.functions as func
import pytest
from azure.functions.meta import Datum
from azurefunctions.extensions import base

from functions.blob_reference import BlobReference
from local.host.deferred import ModelBindingData, decode, is_deferred, mismatch, raw_bindings

CONTENT = b'{"Connection": "C", "ContainerName": "box", "BlobName": "a/1.tar"}'
DATA = ModelBindingData("1.0", "AzureStorageBlobs", "application/json", CONTENT)
DEFERRED = {"properties": {"SupportsDeferredBinding": True}}


class Unknown(base.SdkType):  # type: ignore[misc]  # its package has no types
    """What no extension makes."""


def blob_function(annotation: object) -> Any:
    app = df.DFApp()

    @app.blob_trigger(arg_name="blob", path="box/{name}", connection="C", source=func.BlobSource.EVENT_GRID)
    @app.durable_client_input(client_name="client")
    async def watch(blob: Any, client: df.DurableFunctionsClient) -> None: ...

    watch._function.get_user_function().__annotations__["blob"] = annotation
    return watch._function


def test_a_deferred_binding_says_so_and_is_otherwise_what_it_was() -> None:
    function = blob_function(BlobReference)
    plain = [json.loads(text) for text in function.get_raw_bindings()]
    found = [json.loads(text) for text in raw_bindings(function, {"blob": BlobReference})]
    assert {one["type"]: is_deferred(one) for one in found} == {"blobTrigger": True, "durableClient": False}
    assert [one | {"properties": None} for one in found] == [one | {"properties": None} for one in plain]


def test_other_functions_say_nothing_of_it() -> None:
    function = blob_function(func.InputStream)
    texts = raw_bindings(function, {"blob": func.InputStream})
    assert texts == function.get_raw_bindings()
    assert not any(is_deferred(json.loads(text)) for text in texts)


def test_the_apps_own_converter_makes_the_value() -> None:
    told = {"Metadata": Datum('{"k": "v"}', "json")}
    assert decode("blobTrigger", DATA, told, BlobReference) == BlobReference("box", "a/1.tar", {"k": "v"})


@pytest.mark.parametrize(
    ("kind", "properties", "annotation"),
    [("queueTrigger", {}, BlobReference), ("blobTrigger", DEFERRED, Unknown), ("blobTrigger", DEFERRED, list[Unknown])],
)
def test_a_type_that_no_converter_makes_is_told(kind: str, properties: dict[str, Any], annotation: object) -> None:
    assert f"for {kind}: import the extension" in str(mismatch(kind, properties, annotation))


@pytest.mark.parametrize(("properties", "annotation"), [(DEFERRED, BlobReference), ({}, func.InputStream), ({}, None)])
def test_other_types_are_fine(properties: dict[str, Any], annotation: object) -> None:
    assert mismatch("blobTrigger", properties, annotation) is None
