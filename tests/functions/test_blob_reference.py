import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace as Bag
from typing import Any

import pytest
from azure.functions.meta import Datum
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.blob_reference import BlobReference, BlobReferenceConverter
from tests.functions.blob_worker import PARENT

ROOT = Path(__file__).parents[2]


def reference(container: str = "raw", name: str = "d/s.tar", source: str = "AzureStorageBlobs") -> Datum:
    names = {"Connection": "AzureWebJobsStorage", "ContainerName": container, "BlobName": name}
    return Datum(Bag(source=source, content=json.dumps(names).encode()), "model_binding_data")


@settings(max_examples=25)
@given(name=st.text(min_size=1), metadata=st.dictionaries(st.text(), st.text()))
def test_what_the_host_tells_is_what_the_function_gets(name: str, metadata: dict[str, str]) -> None:
    told = {"Metadata": Datum(json.dumps(metadata), "json"), "BlobTrigger": Datum("x", "string")}
    found = BlobReferenceConverter.decode(reference("uploads", name), trigger_metadata=told, pytype=BlobReference)
    assert found == BlobReference("uploads", name, {key.lower(): value for key, value in metadata.items()})


def test_metadata_that_a_client_capitalised_is_found() -> None:
    """Go's `net/http` makes `X-Ms-Meta-Traceparent` of the header of a signed upload; Azure keeps names as sent."""
    told = {"Metadata": Datum(json.dumps({"Traceparent": PARENT}), "json")}
    assert BlobReferenceConverter.decode(reference(), trigger_metadata=told).metadata == {"traceparent": PARENT}


@pytest.mark.parametrize("told", [None, {}, {"Metadata": Datum("{}", "string")}, {"Metadata": Datum("[]", "json")}])
def test_metadata_that_the_host_does_not_tell_is_not_known(told: Any) -> None:
    assert BlobReferenceConverter.decode(reference(), trigger_metadata=told).metadata is None


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (None, "sent nothing in place of a reference"),
        (Datum(b"the blob", "bytes"), "sent bytes in place of a reference"),
        (reference(source="CosmosDB"), "something of CosmosDB"),
        (Datum(Bag(source="AzureStorageBlobs", content=b"{}"), "model_binding_data"), "BlobName"),
    ],
)
def test_what_is_no_reference_to_a_blob_is_refused(data: Any, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        BlobReferenceConverter.decode(data, trigger_metadata={})


def test_a_connection_stays_out_of_what_is_told_of_an_error() -> None:
    broken = Datum(Bag(source="AzureStorageBlobs", content=b'{"Connection": "the key"}'), "model_binding_data")
    with pytest.raises(ValueError, match="BlobName") as caught:
        BlobReferenceConverter.decode(broken, trigger_metadata={})
    assert "the key" not in str(caught.value)


@pytest.mark.parametrize(("annotation", "made"), [(BlobReference, True), (bytes, False), (list[BlobReference], False)])
def test_it_makes_its_own_type_alone(annotation: Any, made: bool) -> None:
    assert BlobReferenceConverter.check_input_type_annotation(annotation) is made


def test_the_official_worker_gives_both_triggers_their_blob_by_reference() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.functions.blob_worker"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    *by_reference, (status, refusal) = found["results"]
    assert by_reference == [["success", None]] * 3
    assert (status, "the host sent bytes in place of a reference" in refusal) == ("failure", True)
    (shard, its_trace), (upload, trace), (untold, new_trace) = found["heard"]
    assert shard.startswith("raw/the dataset/no shard.tar is left alone")
    assert upload.startswith("uploads/somebody/incoming/no upload is left alone")
    assert untold.startswith("uploads/somebody/incoming/untold is left alone")
    assert its_trace == trace == PARENT[3:35]
    assert new_trace not in {None, trace}
