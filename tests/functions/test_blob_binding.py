"""Which blob it is that a trigger tells of, read by the official worker's own code."""

import json
from dataclasses import dataclass
from typing import Any

import azure.functions as func
import pytest
from azure.functions.meta import Datum
from azure_functions_runtime.bindings import meta as worker

from functions.blob_binding import TriggeredBlob, TriggeredBlobConverter


@dataclass
class Told:
    """The host's message, of which the worker hands over the content."""

    content: bytes = json.dumps({
        "Connection": "AzureWebJobsStorage", "ContainerName": "raw", "BlobName": "d/cat-00000.tar",
    }).encode()  # fmt: skip


METADATA = {"Metadata": Datum(json.dumps({"owner": "o", "traceparent": "t"}), "json")}


def test_the_worker_finds_the_converter_for_the_annotation() -> None:
    assert worker.check_deferred_bindings_enabled(TriggeredBlob, False) == (True, True)
    assert worker.get_binding("blobTrigger", True) is TriggeredBlobConverter
    assert worker.check_input_type_annotation("blobTrigger", TriggeredBlob, True)
    assert not worker.check_input_type_annotation("blobTrigger", func.InputStream, True)


def test_it_is_told_by_name_and_with_its_metadata() -> None:
    blob = TriggeredBlobConverter.decode(Datum(Told(), "model_binding_data"), trigger_metadata=METADATA)
    assert (blob.name, blob.metadata) == ("raw/d/cat-00000.tar", {"owner": "o", "traceparent": "t"})
    assert blob.get_sdk_type() is blob


def test_metadata_may_be_missing() -> None:
    told = Datum(Told(), "model_binding_data")
    assert TriggeredBlobConverter.decode(told, trigger_metadata={}, pytype=TriggeredBlob).metadata == {}


@pytest.mark.parametrize("data", [None, Datum(b"the blob's bytes", "bytes")])
def test_bytes_are_refused(data: Any) -> None:
    with pytest.raises(ValueError, match="not model_binding_data"):
        TriggeredBlobConverter.decode(data, trigger_metadata=METADATA)
